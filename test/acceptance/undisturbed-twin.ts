import { createHash } from 'node:crypto';
import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { Application } from '../../packages/application/application';
import { dataPaths } from '../../packages/config/data-paths';
import { dailyPipeline } from '../../packages/contracts/pipeline';
import { vectorKeyPattern } from '../../packages/online-store/online-keys';
import { isStepDue } from '../../packages/orchestration/is-step-due';
import { backfill, quietly } from './open-test-platform';

/** What was run: a backfill of a range, or a daily run. */
export type Run = { readonly from: string; readonly to: string } | { readonly date: string };

/** What runs do, step by step in this process, without Temporal. */
export async function runUndisturbed(twin: Application, runs: readonly Run[]): Promise<void> {
  for (const run of runs) {
    if ('date' in run) await runDayUndisturbed(twin, run.date);
    else await backfillUndisturbed(twin, run);
  }
}

async function backfillUndisturbed(twin: Application, range: { from: string; to: string }) {
  await backfill(twin, range);
  await twin.pipelinePorts.syncOnline(quietly);
}

async function runDayUndisturbed(
  { pipelinePorts: ports }: Application,
  date: string,
): Promise<void> {
  const { championVersion } = await ports.beginDailyRun(date);
  await ports.generateData(date, quietly);
  const knowledge = await ports.takeDailyKnowledge(date);
  await ports.computeDay({ date, runId: `twin-${date}`, knowledge }, quietly);
  await ports.syncOnline(quietly);
  const train = dailyPipeline.find(({ name }) => name === 'train_model')!;
  if (isStepDue(train, date)) await ports.trainModel({ asOf: date }, quietly);
  await ports.detectDrift({ date, championVersion }, quietly);
}

/**
 * All that two installations with the same runs have in common, whatever happened to one of them:
 * not attempts, claims, ids and the moments at which something was done.
 */
export async function lastingState({ adapters, services }: Application) {
  const { sql } = adapters.database;
  const partitions = await services.listPartitions({});
  const raw: Record<string, unknown> = {};
  for (const table of ['users', 'plan_changes', 'user_events', 'billing_events']) {
    [raw[table]] = await sql.unsafe(
      `select count(*)::int as rows, md5(string_agg(t::text, ',' order by t::text)) as md5 from raw_data.${table} t`,
    );
  }
  return {
    raw,
    loads: await sql`
      select batch, source, arrival, complete_through, loaded, unchanged, rejected
      from ops.load_batches order by batch`.then((rows) => [...rows]),
    partitions: partitions.map(({ date, status, revision, rows, sha256 }) => {
      return { date, status, revision, rows, sha256 };
    }),
    files: {
      ...hashes(adapters.paths.features, '**/*.parquet'),
      ...hashes(adapters.paths.featureRevisions, '**/*.parquet'),
      ...hashes(adapters.paths.driftLogs, '**/*.parquet'),
      // Not the samples beside them: the user keys in those have a secret salt of their own.
      ...hashes(adapters.paths.models, '**/model.json'),
    },
    aliases: (await services.listModels()).aliases,
    vectors: await vectorsOf(adapters.redis),
  };
}

/** The vectors as Redis stores them. */
async function vectorsOf(redis: Application['adapters']['redis']): Promise<Record<string, string>> {
  const keys = (await redis.keys(vectorKeyPattern)).sort();
  const hashOf = async (key: string) => sha256((await redis.getBuffer(key))!);
  return Object.fromEntries(
    await Promise.all(keys.map(async (key) => [key, await hashOf(key)] as const)),
  );
}

function hashes(folder: string, pattern: string): Record<string, string> {
  const files = globSync(pattern, { cwd: folder }).sort();
  const name = path.basename(folder);
  return Object.fromEntries(
    files.map((file) => [`${name}/${file}`, sha256(readFileSync(path.join(folder, file)))]),
  );
}

const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');

/** What is left of attempts that did not end: none of it may outlive a run. */
export function leftovers(dataDir: string): string[] {
  const { features, featureRevisions } = dataPaths(dataDir);
  return [features, featureRevisions].flatMap((folder) =>
    globSync('**/*.tmp*', { cwd: folder }).map((file) => path.join(folder, file)),
  );
}
