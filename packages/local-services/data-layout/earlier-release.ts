import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { DataPaths } from '../../config';
import { ChurnError } from '../../contracts';
import { isSameProcess } from '../../durable-files';
import { readyWorkers } from '../processes/ready-workers';
import { commandLineOf } from '../processes/command-line-of';
import type { ServiceState, StackState } from '../state-file';

/**
 * The number of the layout of a data directory that this release reads and writes. Processes record
 * it with their pid; those of releases that had no number record none, which counts as 1.
 *
 * 2: revisions lie in `feature_revisions`.
 */
export const DATA_LAYOUT = 2;

/** What uses the files of the offline store. */
export const dependents = ['worker', 'api'] as const;

const labels = { worker: 'The worker', api: 'The API' } as const;

/**
 * A fingerprint that says which layout its process knows. There, because an earlier release that
 * starts a service keeps what else is recorded of the one before, but never its fingerprint.
 */
export function withDataLayout(fingerprint: string): string {
  return `${DATA_LAYOUT}-${fingerprint}`;
}

function layoutIn(fingerprint: string | undefined): number {
  return Number(/^(\d+)-/.exec(fingerprint ?? '')?.[1] ?? 1);
}

/** Whether a service runs that knows an earlier layout only. */
export function isOfEarlierRelease(
  service: Pick<ServiceState, 'pid' | 'identity' | 'fingerprint'> | undefined,
): boolean {
  if (!service || !isSameProcess(service.pid, service.identity)) return false;
  return layoutIn(service.fingerprint) < DATA_LAYOUT;
}

/** @throws ChurnError EARLIER_RELEASE_RUNNING when a worker or an API of one uses the directory */
export function requireNoEarlierRelease(paths: Pick<DataPaths, 'run'>, state: StackState): void {
  for (const name of dependents) {
    if (isOfEarlierRelease(state[name])) throw running(labels[name], state[name]?.pid);
  }
  const pid = startedByHand(paths);
  if (pid !== undefined) throw running(labels.worker, pid);
}

function running(service: string, pid: number | null | undefined): ChurnError {
  return new ChurnError('EARLIER_RELEASE_RUNNING', { service, pid: pid ?? '?' });
}

/** A worker that `churn up` did not start says in a file that it polls. */
function startedByHand(paths: Pick<DataPaths, 'run'>): number | undefined {
  const former = readReadyFile(formerReadyFile(paths));
  // A file without an identity may be left from one that was killed, whose pid lives again.
  const ready = former && isWorker(former.pid) ? [former] : [];
  return [...ready, ...readyWorkers(paths)].find(
    ({ data_layout: layout = 1 }) => layout < DATA_LAYOUT,
  )?.pid;
}

/** Where earlier releases said it, for all workers of a data directory. */
export function formerReadyFile({ run }: Pick<DataPaths, 'run'>): string {
  return path.join(run, 'worker-ready.json');
}

function readReadyFile(file: string): { pid: number; data_layout?: number } | undefined {
  try {
    const ready: unknown = JSON.parse(readFileSync(file, 'utf8'));
    const isReady = typeof ready === 'object' && ready !== null && 'pid' in ready;
    return isReady ? (ready as { pid: number; data_layout?: number }) : undefined;
  } catch {
    return undefined;
  }
}

function isWorker(pid: number): boolean {
  const [program = '', ...args] = commandLineOf(pid).split(/\s+/);
  return /^node/.test(path.basename(program)) && args.some((arg) => /worker\/main\.js$/.test(arg));
}
