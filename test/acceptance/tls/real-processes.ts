import { spawn } from 'node:child_process';
import path from 'node:path';
import type { Settings } from './open-secure-servers';

export interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

const root = path.resolve(__dirname, '../../..');

/** A command as a user types it, with these settings. */
export function churn(settings: Settings, ...args: string[]): Promise<Ended> {
  return run(['bin/churn.mjs', ...args], settings);
}

/** A process of dist/ until it ends, or until `isEnough` of what it has said, when it is stopped. */
export function run(
  args: readonly string[],
  settings: Settings,
  isEnough: (said: string) => boolean = () => false,
): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, {
      cwd: root,
      env: { ...process.env, ...settings },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const said = { out: '', err: '' };
    const listen = (name: keyof typeof said) => (text: string) => {
      said[name] += text;
      if (isEnough(said.out + said.err)) child.kill('SIGTERM');
    };
    child.stdout.setEncoding('utf8').on('data', listen('out'));
    child.stderr.setEncoding('utf8').on('data', listen('err'));
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, ...said }));
  });
}
