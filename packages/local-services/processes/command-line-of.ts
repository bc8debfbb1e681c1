import { execFileSync } from 'node:child_process';

/** The command line of a process, program and arguments; empty if there is no such process. */
export function commandLineOf(pid: number | string): string {
  try {
    const output = execFileSync('ps', ['-ww', '-o', 'args=', '-p', String(pid)], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    return output.trim();
  } catch {
    return '';
  }
}
