import { readFileSync } from 'node:fs';
import path from 'node:path';
import { isAlive } from '../../durable-files';
import { onStorage } from '../on-storage';
import type { RestartStatus, ServiceName, SupervisorStatus } from '../service-names';
import { replaceOwnersFile } from '../state-file';

/** The supervisor of a data directory, and what it did. */
export interface SupervisorRecord {
  readonly pid: number | null;
  readonly identity: string | null;
  /** Of the settings and the build that it was started with. */
  readonly fingerprint: string;
  readonly restarts: Restarts;
}

export type Restarts = Readonly<Partial<Record<ServiceName, RestartStatus>>>;

export const supervisorFile = (runDir: string) => path.join(runDir, 'supervisor.json');

/** Undefined where there is none, or nothing that can be read. */
export function readSupervisor(runDir: string): SupervisorRecord | undefined {
  try {
    const record: unknown = JSON.parse(readFileSync(supervisorFile(runDir), 'utf8'));
    const isRecord = typeof record === 'object' && record !== null && 'restarts' in record;
    return isRecord ? (record as SupervisorRecord) : undefined;
  } catch {
    return undefined;
  }
}

/** The caller holds the stack's lock. */
export function writeSupervisor(runDir: string, record: SupervisorRecord): void {
  onStorage(() => replaceOwnersFile(supervisorFile(runDir), record));
}

export function isSupervised(record: SupervisorRecord | undefined): record is SupervisorRecord {
  return record !== undefined && isAlive(record.pid, record.identity);
}

export function supervisorStatus(record: SupervisorRecord | undefined): SupervisorStatus {
  return isSupervised(record)
    ? { status: 'running', pid: record.pid }
    : { status: 'stopped', pid: null };
}
