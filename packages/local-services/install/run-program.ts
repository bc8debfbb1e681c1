import { spawn } from 'node:child_process';

export interface ProgramResult {
  readonly status: number | null;
  readonly stdout: string;
  /** The end of what it said on stderr. */
  readonly problem: string;
}

const PROBLEM_CHARACTERS = 300;

/**
 * Runs a program to its end without a shell; with a deadline it is killed then. `onWaiting` is
 * called every five seconds, to show that something is happening.
 */
export function runProgram(
  command: string,
  args: readonly string[],
  options: {
    cwd?: string;
    env: NodeJS.ProcessEnv;
    timeoutMs?: number;
    onWaiting?: () => void;
  },
): Promise<ProgramResult> {
  return new Promise((resolve) => {
    const child = spawn(command, [...args], {
      cwd: options.cwd,
      env: options.env,
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: options.timeoutMs,
      killSignal: 'SIGKILL',
    });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    const waiting = setInterval(() => options.onWaiting?.(), 5_000);
    const finish = (status: number | null, reason: string) => {
      clearInterval(waiting);
      const said = stderr.trim().slice(-PROBLEM_CHARACTERS).replaceAll(/\s+/g, ' ');
      resolve({ status, stdout, problem: said || reason });
    };
    child.on('error', (error) => finish(null, error.message));
    child.on('close', (status, signal) => finish(status, signal ? `ended by ${signal}` : ''));
  });
}
