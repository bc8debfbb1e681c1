import { randomUUID } from 'node:crypto';
import type { WorkflowHandle } from '@temporalio/client';
import type { Progress } from '../../packages/contracts/pipeline-ports';
import type {
  BackfillInput,
  BackfillProgress,
  BackfillRequest,
} from '../../packages/contracts/runs';
import type { FakePipelinePorts } from './fake-pipeline-ports';
import type { RigRun } from './workflow-rig';

export const YEAR = { from: '2023-06-02', to: '2024-05-31' };

export function requestOf(changes: Partial<BackfillRequest> = {}): BackfillRequest {
  return { ...YEAR, reprocess: 'missing', knownAt: 'latest', train: false, ...changes };
}

/** Starts a backfill of a year, or what is given instead, under a fresh id. */
export function startBackfill(
  run: RigRun,
  changes: Partial<BackfillRequest> = {},
): Promise<WorkflowHandle> {
  const id = randomUUID().slice(0, 8);
  const input: BackfillInput = { id, request: requestOf(changes) };
  return run.start('backfill', { input, queue: 'backfill', workflowId: `churn-backfill-${id}` });
}

export const resultOf = (handle: WorkflowHandle) => handle.result() as Promise<BackfillProgress>;
export const progressOf = (handle: WorkflowHandle) => handle.query<BackfillProgress>('progress');

/** Every date that was to be computed, once for each time. */
export function computedDates(ports: FakePipelinePorts): string[] {
  return ports.inputsOf('computeChunk').flatMap((input) => (input as { dates: string[] }).dates);
}

/** Asks again until the answer is the one waited for; the test's timeout ends it otherwise. */
export async function eventually<T>(
  ask: () => Promise<T>,
  isIt: (answer: T) => boolean,
): Promise<T> {
  for (;;) {
    const answer = await ask();
    if (isIt(answer)) return answer;
  }
}

/** Work that goes on until it is told to stop. */
export function untilStopped({ signal }: Progress, onStopped = () => {}): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => {
      onStopped();
      reject(new Error('interrupted'));
    });
  });
}
