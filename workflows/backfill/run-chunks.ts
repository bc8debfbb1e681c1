import {
  CancellationScope,
  condition,
  isCancellation,
  log,
  workflowInfo,
} from '@temporalio/workflow';
import type { ChunkInput } from '../../activities';
import type {
  BackfillPlan,
  BackfillState,
  DateChunk,
  DateError,
  PartitionOutcome,
} from '../../packages/contracts';
import { datesOfChunk } from '../../packages/orchestration';
import { computing, ledger } from '../activity-proxies';
import { failureText } from '../failure-text';
import type { PauseGate } from './pause-gate';

/** What is counted while chunks run; it is also what continue-as-new carries. */
export type ChunkTally = { -readonly [K in keyof BackfillState]: BackfillState[K] } & {
  failed: string[];
  errors: DateError[];
};

/** Of more failed dates, the errors are in the ledger only: progress stays a small payload. */
export const ERRORS_KEPT_MAX = 20;
const ERRORS_KEPT_BYTES_MAX = 16 * 1024;

/** Each chunk uses every core for most of its time: a second one only fills the gaps of the first. */
const CHUNKS_AT_ONCE = 2;

interface ChunkRun {
  readonly backfillId: string;
  readonly plan: BackfillPlan;
  readonly tally: ChunkTally;
  readonly gate: PauseGate;
  readonly onStarted: (chunk: DateChunk) => void;
  readonly onSettled: (chunk: DateChunk) => void;
}

/**
 * Runs the plan's chunks from `tally.nextChunk` on, a few at a time, none while paused: those under
 * way are stopped between two dates, and go on there afterwards.
 *
 * @returns true when all have run; false when history should be cut by continue-as-new first.
 *   Nothing is in flight by then, nor when this rejects because of cancellation.
 */
export async function runChunks(run: ChunkRun): Promise<boolean> {
  const { plan, tally } = run;
  let inFlight = 0;
  const start = async (chunk: DateChunk) => {
    inFlight += 1;
    await runChunk(run, chunk);
    inFlight -= 1;
  };
  try {
    while (tally.nextChunk < plan.chunks.length) {
      await condition(() => !tally.paused && inFlight < CHUNKS_AT_ONCE);
      if (workflowInfo().continueAsNewSuggested) break;
      void start(plan.chunks[tally.nextChunk]!);
      tally.nextChunk += 1;
    }
    await condition(() => inFlight === 0);
  } finally {
    await CancellationScope.nonCancellable(() => condition(() => inFlight === 0));
  }
  return tally.nextChunk >= plan.chunks.length;
}

/** Never rejects: what became of each date is counted. */
async function runChunk(run: ChunkRun, chunk: DateChunk): Promise<void> {
  const { backfillId, plan, tally, gate } = run;
  run.onStarted(chunk);
  const input = { backfillId, chunk, knowledge: plan.knowledge };
  let outcomes: readonly PartitionOutcome[];
  try {
    outcomes = await gate.run(() => computing(`${chunk.from} to ${chunk.to}`).compute_chunk(input));
  } catch (error) {
    outcomes = await settleChunk(input, error);
  }
  const count = (status: PartitionOutcome['status']) =>
    outcomes.filter((outcome) => outcome.status === status).length;
  tally.succeeded += count('succeeded');
  tally.skipped += count('skipped');
  for (const { date, status, error } of outcomes) {
    if (status !== 'failed') continue;
    tally.failed.push(date);
    if (error) keepError(tally.errors, { date, error });
  }
  run.onSettled(chunk);
}

function keepError(errors: DateError[], error: DateError): void {
  const bytes = new TextEncoder().encode(JSON.stringify([...errors, error])).byteLength;
  if (errors.length < ERRORS_KEPT_MAX && bytes <= ERRORS_KEPT_BYTES_MAX) errors.push(error);
}

/** The chunk's activity gave up or was cancelled, but days of it may have been published by then. */
async function settleChunk(
  input: ChunkInput,
  cause: unknown,
): Promise<readonly PartitionOutcome[]> {
  // A worker that is gone ends by a timeout when the backfill is cancelled.
  const { consideredCancelled } = CancellationScope.current();
  const as = isCancellation(cause) || consideredCancelled ? 'cancelled' : 'failed';
  const error = failureText(cause);
  try {
    return await CancellationScope.nonCancellable(() =>
      ledger.settle_chunk({ ...input, as, error }),
    );
  } catch (failure) {
    log.error('chunk not settled', { from: input.chunk.from, to: input.chunk.to, failure });
    return datesOfChunk(input.chunk).map((date) => ({ date, status: as, error }));
  }
}
