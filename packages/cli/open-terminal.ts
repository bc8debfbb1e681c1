import type { Terminal } from './terminal';

/**
 * The terminal of a process. A reader that leaves early (`| head`) takes nothing from the work: it
 * goes on to its end and decides the exit code, and what nobody reads is dropped. A result that
 * can't be written otherwise, on a full disk, makes the exit code 1.
 */
export function openTerminal(process: NodeJS.Process): Terminal {
  const { stdout, stderr } = process;
  stderr.on('error', (error: NodeJS.ErrnoException) => {
    if (!hasNoReader(error)) process.exitCode = 1;
  });
  stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (hasNoReader(error)) return;
    process.exitCode = 1;
    stderr.write(`error: The result can't be written: ${error.message}\n`);
  });
  return {
    out: (text) => void stdout.write(text),
    err: (text) => void stderr.write(text),
    clock: () => performance.now(),
    isInteractive: stderr.isTTY,
  };
}

/** The pipe was closed, by now or before. */
function hasNoReader({ code }: NodeJS.ErrnoException): boolean {
  return code === 'EPIPE' || code === 'ERR_STREAM_DESTROYED';
}
