import { mkdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { openDuckDb } from '../../packages/duckdb/open-duckdb';
import { quoteLiteral } from '../../packages/duckdb/quote-sql';
import { addDays } from '../../packages/instants/logical-date';
import type { Application } from '../../packages/application/application';
import { findFeastPython } from '../peers/python';
import { peerScript, runForReport } from '../peers/run-peer';
import { acceptWorld, mergeWorld } from '../world/accept-world';
import { idSql, type IdShape } from '../world/id-sql';
import { countVectors, runBackfill } from '../world/run-backfill';
import { userIds } from '../world/write-bench-world';
import { THREADS, withInstallation } from '../world/with-installation';
import { formatCount, formatRate, budgetVerdict, type BenchOptions, type Row } from './measurement';

const START = '2024-01-01';
const SPINE_ROWS = 1_000_000;
/** Of Feast 0.67 with its DuckDB store on two other cores, where none is there to be measured. */
const FEAST_ROWS_PER_SECOND = [96_000, 128_000] as const;
const RATIO_MIN = 5;

/**
 * A million (user, microsecond) pairs over a year, from the CSV file to the Parquet file. Feast, by
 * turns where a Python has it, joins the vectors of the daily partitions that were computed before;
 * here they are computed from timelines, which the first history after a load makes of the raw events,
 * exact to the microsecond.
 */
export async function measureHistory(options: BenchOptions): Promise<Row[]> {
  const rows = await measureWorld(options, options.restateUsers);
  return [...rows, ...(await measureWorld(options, options.users))];
}

async function measureWorld(options: BenchOptions, users: number): Promise<Row[]> {
  const { scratch, days, ids, rounds, note } = options;
  return withInstallation({ scratch, services: ['postgres'] }, async (application) => {
    note(`history: writing a world of ${formatCount(users)} users`);
    const { user_events: events } = await acceptWorld(application, {
      users,
      days,
      start: START,
      seed: 46,
      ids,
    });
    await mergeWorld(application);
    const folder = path.join(scratch, 'history');
    await mkdir(folder);
    const spine = path.join(folder, 'spine.csv');
    await writeSpine(spine, { users, days, ids });
    const feast = await prepareFeast(application, options);
    const answer = () => answerOnce(application, { spine, out: path.join(folder, 'out.parquet') });
    const first = await answer();
    const ours: number[] = [];
    const theirs: number[] = [];
    for (let round = 1; round <= rounds; round += 1) {
      note(`history: round ${round}`);
      ours.push(await answer());
      if (feast) theirs.push(await runFeast(application, { spine, python: feast.python }));
    }
    await rm(folder, { recursive: true });
    const peer = feast && { vectors: feast.vectors, seconds: Math.min(...theirs) };
    return [rowOf({ events, seconds: Math.min(...ours), first }, peer)];
  });
}

/** In a process of its own, as Feast has one. */
async function answerOnce(
  { adapters }: Application,
  { spine, out }: { spine: string; out: string },
): Promise<number> {
  const script = path.resolve(__dirname, '../history-once.js');
  const args = [script, adapters.paths.root, spine, out];
  const { rows, seconds } = await runForReport(process.execPath, args);
  if (rows !== SPINE_ROWS) throw new Error(`${rows} rows came out`);
  return seconds;
}

/** Publishes the partitions that Feast joins; null where there is no Feast. */
async function prepareFeast(
  application: Application,
  { days, note }: BenchOptions,
): Promise<{ python: string; vectors: number } | null> {
  const python = await findFeastPython();
  note(`history: ${python ? 'publishing a year for Feast' : 'CHURN_BENCH_PYTHON has no Feast'}`);
  if (!python) return null;
  const range = { from: START, to: addDays(START, days - 1) };
  await runBackfill(application, { id: 'feast', ...range });
  return { python, vectors: await countVectors(application, range) };
}

/** Seconds from the spine's CSV file to the Parquet file. */
async function runFeast(
  { adapters }: Application,
  { spine, python }: { spine: string; python: string },
): Promise<number> {
  const folder = path.join(path.dirname(spine), 'feast');
  await mkdir(folder);
  try {
    const partitions = path.join(adapters.paths.features, 'year=*/month=*/day=*.parquet');
    const files = [partitions, spine, path.join(folder, 'out.parquet'), folder];
    const args = [peerScript('feast-history.py'), ...files, String(THREADS)];
    const { rows, seconds } = await runForReport(python, args);
    if (rows !== SPINE_ROWS) throw new Error(`${rows} rows came out of Feast`);
    return seconds;
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function writeSpine(
  file: string,
  { users, days, ids }: { users: number; days: number; ids: IdShape },
) {
  const folder = path.dirname(file);
  const duckDb = await openDuckDb({
    allowedDirectories: [folder],
    scratchDirectory: folder,
    memoryMegabytes: 1_024,
    threads: THREADS,
  });
  const random = (salt: string) => `(hash('${salt}' || i::VARCHAR) / 18446744073709551616.0)`;
  const time = `TIMESTAMP '${START}' + to_microseconds((${random('t')} * ${days} * 86400e6)::BIGINT)`;
  try {
    await duckDb.run(`COPY (
      SELECT ${idSql(ids, `(${random('u')} * ${users})::INTEGER`, userIds)} AS user_id,
        strftime(${time}, '%Y-%m-%dT%H:%M:%S.%fZ') AS time
      FROM range(${SPINE_ROWS}) AS r(i)
    ) TO ${quoteLiteral(file)} (FORMAT csv, HEADER)`);
  } finally {
    duckDb.close();
  }
}

function rowOf(
  { events, seconds, first }: { events: number; seconds: number; first: number },
  feast: { vectors: number; seconds: number } | null,
): Row {
  const [slow, fast] = FEAST_ROWS_PER_SECOND;
  const ratio = (feast ? feast.seconds : SPINE_ROWS / fast) / seconds;
  const joins = `joins ${feast ? `${formatCount(feast.vectors)} ` : ''}vectors computed before`;
  const rate = feast
    ? formatRate(SPINE_ROWS, feast.seconds)
    : `not measured, elsewhere ${formatCount(slow)}–${formatCount(fast)} rows/s`;
  return {
    what: `history, ${formatCount(SPINE_ROWS)} rows over a year, of ${formatCount(events)} raw events; the first after a load: ${first.toFixed(1)} s`,
    ours: formatRate(SPINE_ROWS, seconds),
    peer: `Feast, which ${joins}: ${rate}`,
    ratio: ratio.toFixed(2),
    budget: `≥ ${RATIO_MIN}`,
    verdict: budgetVerdict(ratio >= RATIO_MIN),
  };
}
