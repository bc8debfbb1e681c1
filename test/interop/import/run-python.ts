import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { findPython } from '../find-python';

const python = findPython();

/** `describe`, or a skipped one that says why where no Python has the packages. */
export function describeWithPython(name: string, suite: () => void): void {
  if (!('missing' in python)) return describe(name, suite);
  const skipped = `${name} (skipped: ${python.missing})`;
  process.stderr.write(`${skipped}\n`);
  describe.skip(skipped, suite);
}

/** What a script beside this file prints, which is JSON. */
export function runPython<Answer>(script: string, ...args: readonly string[]): Answer {
  if ('missing' in python) throw new Error(python.missing);
  const file = path.join(__dirname, script);
  const { status, stdout, stderr } = spawnSync(python.executable, ['-B', file, ...args], {
    encoding: 'utf8',
    maxBuffer: 1 << 30,
  });
  if (status !== 0) throw new Error(stderr);
  return JSON.parse(stdout) as Answer;
}
