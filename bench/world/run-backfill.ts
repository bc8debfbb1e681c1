import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { rename } from 'node:fs/promises';
import type { LogicalDate } from '../../packages/instants/logical-date';
import type { Application } from '../../packages/application/application';
import { datesOfChunk } from '../../packages/orchestration/plan-chunks';
import { quietly } from './with-installation';

/** As workflows/backfill/run-chunks.ts, whose constant is behind the workflow's sandbox. */
const CHUNKS_AT_ONCE = 2;

export interface BackfillRange {
  readonly from: LogicalDate;
  readonly to: LogicalDate;
}

/**
 * Empties the offline store and its ledger; the raw log stays. Files are set aside, not deleted: some
 * file systems take long to reuse what was deleted a moment ago, which is no part of a backfill.
 */
export async function emptyStore({ adapters }: Application): Promise<void> {
  await adapters.database.sql`truncate ops.partition_runs, ops.backfills, ops.daily_runs`;
  await setAside(adapters.paths.features);
  await setAside(adapters.paths.featureRevisions);
}

/** Renames a folder, if it is there, to one beside it that goes when the scratch folder does. */
export async function setAside(folder: string): Promise<void> {
  if (existsSync(folder)) await rename(folder, `${folder}-${randomUUID()}`);
}

/**
 * Backfills a range with the calls of the backfill workflow's activities: the plan, then the
 * chunks, a few at a time. Throws when a date failed.
 *
 * @returns Seconds from the plan to the last published partition.
 */
export async function runBackfill(
  { pipelinePorts }: Application,
  { id, from, to }: BackfillRange & { id: string },
): Promise<number> {
  const request = { from, to, reprocess: 'missing', knownAt: 'latest', train: false } as const;
  const started = performance.now();
  const { chunks, knowledge } = await pipelinePorts.planBackfill({ id, request });
  const waiting = [...chunks];
  const runChunks = async () => {
    for (let chunk = waiting.shift(); chunk; chunk = waiting.shift()) {
      const dates = datesOfChunk(chunk);
      const work = { runId: id, dates, knowledge, reason: 'backfill' };
      const outcomes = await pipelinePorts.computeChunk(work, quietly);
      const failed = outcomes.find(({ status }) => status !== 'succeeded');
      if (failed) throw new Error(`${failed.date} ${failed.status}: ${failed.error}`);
    }
  };
  await Promise.all(Array.from({ length: CHUNKS_AT_ONCE }, runChunks));
  return (performance.now() - started) / 1_000;
}

/** How many vectors the published partitions of a range hold. */
export async function countVectors(
  application: Application,
  { from, to }: BackfillRange,
): Promise<number> {
  const rows = await application.services.listPartitions({ from, to });
  return rows.reduce((total, row) => total + (row.rows ?? 0), 0);
}
