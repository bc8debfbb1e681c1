import { spawn, type ChildProcess } from 'node:child_process';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { loadConfig, type Config } from '../../../packages/config/load-config';
import type { ServiceStatus, StackStatus } from '../../../packages/local-services/service-names';
import { stopStack } from '../../../packages/local-services/stop-stack';
import { createScratchDirectory } from '../../environment/scratch-directory';

const installations: (() => Promise<void>)[] = [];

/** Ends the installations that a test made, whether it passed or not. */
export async function disposeInstallations(): Promise<void> {
  for (const dispose of installations.splice(0)) await dispose();
}

/** Each of the services takes some of these characters for something else in a path. */
const DATA_DIRECTORY = "it's a [d]ata * directory? 100% #1";

/** An installation in a folder of its own; it ends by `dispose` or `afterEach(disposeInstallations)`. */
export function createInstallation(settings: Readonly<Record<string, string>> = {}): {
  config: Config;
  dispose: () => Promise<void>;
} {
  const scratch = createScratchDirectory();
  const config = loadConfig({
    CHURN_DATA_DIR: path.join(scratch.path, DATA_DIRECTORY),
    ...settings,
  });
  const dispose = async () => {
    await stopStack({ config });
    scratch.remove();
  };
  installations.push(dispose);
  return { config, dispose };
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

/** A process that does nothing until it is stopped, by the test or by `afterEach(endProcesses)`. */
export function startIdleProcess(): ChildProcess {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' });
  idleProcesses.push(child);
  return child;
}

const idleProcesses: ChildProcess[] = [];

export function endProcesses(): void {
  for (const child of idleProcesses.splice(0)) child.kill('SIGKILL');
}
