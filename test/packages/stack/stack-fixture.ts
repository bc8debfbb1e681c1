import { spawn, type ChildProcess } from 'node:child_process';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { loadConfig, type Config } from '../../../packages/config';
import { stopStack, type ServiceStatus, type StackStatus } from '../../../packages/stack';
import { createScratchDirectory } from '../../environment/scratch-directory';

/** An installation in a folder of its own, whose processes end with the test. */
export function createInstallation(settings: Readonly<Record<string, string>> = {}): {
  config: Config;
  dispose: () => Promise<void>;
} {
  const scratch = createScratchDirectory();
  const config = loadConfig({ CHURN_DATA_DIR: path.join(scratch.path, 'data'), ...settings });
  return {
    config,
    dispose: async () => {
      await stopStack({ config });
      scratch.remove();
    },
  };
}

export function service(status: StackStatus, name: ServiceStatus['name']): ServiceStatus {
  return status.services.find((candidate) => candidate.name === name)!;
}

/** A folder with one program of that name, for PATH. */
export function fakeProgram(folder: string, name: string, script: string): string {
  mkdirSync(folder, { recursive: true });
  const file = path.join(folder, name);
  writeFileSync(file, `#!/bin/sh\n${script}\n`);
  chmodSync(file, 0o755);
  return folder;
}

/** A process that does nothing until it is stopped. */
export function startIdleProcess(): ChildProcess {
  return spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' });
}
