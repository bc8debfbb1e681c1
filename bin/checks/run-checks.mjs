import { spawn } from 'node:child_process';

/**
 * Runs scripts of Node, some at once, and writes what each said, whole, when it has ended, then how
 * it went, and in the end how many passed and failed.
 *
 * @param {{ name: string, script: string, args: string[] }[]} checks started in this order
 * @param {{ folder: string, atOnce: number, write: (text: string) => void }} options
 * @returns {Promise<{ passed: number, failed: number }>} a check that can't be started has failed
 */
export async function runChecks(checks, { folder, atOnce, write }) {
  const waiting = [...checks];
  let passed = 0;
  const runSome = async () => {
    for (let check = waiting.shift(); check; check = waiting.shift()) {
      const started = Date.now();
      const { said, status } = await runCheck(check, folder);
      const seconds = ((Date.now() - started) / 1_000).toFixed(1);
      write(`${said}${check.name}: ${status === 0 ? 'ok' : 'FAILED'} (${seconds} s)\n`);
      if (status === 0) passed += 1;
    }
  };
  await Promise.all(Array.from({ length: atOnce }, runSome));
  const failed = checks.length - passed;
  write(`${passed} checks passed, ${failed} failed\n`);
  return { passed, failed };
}

/** What it said on both of its outputs, ending with a whole line, and its exit code. */
function runCheck({ script, args }, folder) {
  const child = spawn(process.execPath, [script, ...args], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  for (const output of [child.stdout, child.stderr]) {
    output.setEncoding('utf8');
    output.on('data', (text) => (said += text));
  }
  return new Promise((resolve) => {
    child.on('error', ({ message }) => resolve({ said: `${message}\n`, status: 1 }));
    child.on('close', (status) => {
      resolve({ said: said === '' || said.endsWith('\n') ? said : `${said}\n`, status });
    });
  });
}
