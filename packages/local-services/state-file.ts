import { chmodSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { ServiceName } from './service-names';
import { onStorage } from './on-storage';

/** What is remembered of a service, running or stopped, so that its address stays the same. */
export interface ServiceState {
  /** The process, and what tells it from a later one with the same pid. */
  pid: number | null;
  identity: string | null;
  port: number;
  /** Temporal's web UI. */
  ui_port?: number;
  password?: string;
  /** Of the settings, the build and the data directory's layout a worker or API was started with. */
  fingerprint?: string;
}

export type StackState = Partial<Record<ServiceName, ServiceState>>;

const stateFile = (runDir: string) => path.join(runDir, 'stack.json');

/** An unreadable or missing file is an empty state: services are then taken as never started. */
export function readStackState(runDir: string): StackState {
  try {
    const state: unknown = JSON.parse(readFileSync(stateFile(runDir), 'utf8'));
    return isState(state) ? state : {};
  } catch {
    return {};
  }
}

export function writeStackState(runDir: string, state: StackState): void {
  onStorage(() => replaceOwnersFile(stateFile(runDir), state));
}

/** Replaces a JSON file of `run` in one step. They hold passwords: only the owner may read them. */
export function replaceOwnersFile(file: string, content: object): void {
  mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
  chmodSync(path.dirname(file), 0o700);
  const temporary = `${file}.${process.pid}.new`;
  writeFileSync(temporary, `${JSON.stringify(content, null, 2)}\n`, { mode: 0o600 });
  renameSync(temporary, file);
}

function isState(value: unknown): value is StackState {
  return (
    typeof value === 'object' &&
    value !== null &&
    Object.values(value).every(
      (service: unknown) =>
        typeof service === 'object' &&
        service !== null &&
        'port' in service &&
        Number.isInteger(service.port),
    )
  );
}
