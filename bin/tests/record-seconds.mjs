import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { format, resolveConfig } from 'prettier';
import { root } from '../source-files.mjs';

const file = path.join(root, 'test', 'environment', 'test-seconds.json');

/** Records how long test files took (jest's JSON results), which decides their order in later runs. */
export async function recordSeconds(testResults) {
  const text = JSON.stringify(longOnes(testResults));
  writeFileSync(file, await format(text, { ...(await resolveConfig(file)), filepath: file }));
}

/** Whole seconds by file, of those that took at least three; shorter ones need no place. */
export function longOnes(testResults) {
  const timed = testResults
    .map(({ name, startTime, endTime }) => [
      path.relative(root, name).split(path.sep).join('/'),
      Math.round((endTime - startTime) / 1_000),
    ])
    .filter(([, seconds]) => seconds >= 3)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(timed);
}
