import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { constants } from 'node:os';
import path from 'node:path';

/**
 * Runs another Node in place of this process: with its terminal, input, output and signals. Programs
 * that it starts as `node` or `npm` run with that Node too.
 *
 * @returns {Promise<number>} the exit code; as shells have it, 128 + n where signal n ended it, and
 * 126 where it could not be started
 */
export function runNode(node, args, env = process.env) {
  const search = [path.dirname(node), env.PATH].filter(Boolean).join(path.delimiter);
  // The handlers come first: a signal that arrives in between must not leave the child on its own.
  const forwarded = forwardSignals(() => child);
  const child = spawn(node, args, { stdio: 'inherit', env: { ...env, PATH: search } });
  return new Promise((resolve) => {
    child.on('exit', (code, signal) => resolve(code ?? 128 + constants.signals[signal]));
    child.on('error', ({ message }) => {
      process.stderr.write(`Node could not be started (${message}). Run \`make setup\`.\n`);
      resolve(126);
    });
  }).finally(() => forwarded.stop());
}

/** Signals that a terminal sends to every process of its foreground group: the child has them too. */
const fromTerminal = ['SIGINT', 'SIGQUIT', 'SIGHUP'];

function forwardSignals(childOf) {
  const handlers = [...fromTerminal, 'SIGTERM', 'SIGUSR2'].map((signal) => [
    signal,
    () => {
      if (fromTerminal.includes(signal) && isInForeground()) return;
      childOf().kill(signal);
    },
  ]);
  for (const [signal, handler] of handlers) process.on(signal, handler);
  return {
    stop: () => handlers.forEach(([signal, handler]) => process.removeListener(signal, handler)),
  };
}

/** Whether this process is in the foreground group of a terminal, to which Ctrl-C goes. */
function isInForeground() {
  try {
    // After the name in brackets: state, parent, group, session, terminal, its foreground group.
    const fields = readFileSync('/proc/self/stat', 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ');
    return fields[2] === fields[5];
  } catch {
    return process.stdin.isTTY || process.stderr.isTTY || false; // no /proc: macOS
  }
}
