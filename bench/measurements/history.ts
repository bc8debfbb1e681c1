import { mkdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { openDuckDb, quoteLiteral } from '../../packages/duckdb';
import { acceptWorld } from '../world/accept-world';
import { quietly, THREADS, withInstallation } from '../world/with-installation';
import {
  formatCount,
  formatRate,
  secondsOf,
  verdictOf,
  type BenchOptions,
  type Row,
} from './measurement';

const START = '2024-01-01';
const SPINE_ROWS = 1_000_000;
/** Of Feast 0.67 with its DuckDB store on two cores; its best figure. */
const FEAST_ROWS_PER_SECOND = 128_000;
const TIMES = 5;

/**
 * A million (user, microsecond) pairs over a year, from the CSV file to the Parquet file. Feast
 * joins vectors that were computed before; here they are computed from the raw events.
 */
export async function measureHistory(options: BenchOptions): Promise<Row[]> {
  const rows = await measureWorld(options, options.restateUsers);
  return [...rows, ...(await measureWorld(options, options.users))];
}

async function measureWorld(options: BenchOptions, users: number): Promise<Row[]> {
  const { scratch, days, rounds, note } = options;
  return withInstallation({ scratch, services: ['postgres'] }, async (platform) => {
    note(`history: writing a world of ${formatCount(users)} users`);
    const { user_events: events } = await acceptWorld(platform, {
      users,
      days,
      start: START,
      seed: 46,
    });
    const folder = path.join(scratch, 'history');
    await mkdir(folder);
    const spine = path.join(folder, 'spine.csv');
    await writeSpine(spine, { users, days });
    const seconds: number[] = [];
    for (let round = 1; round <= rounds; round += 1) {
      note(`history: round ${round}`);
      const query = { spine, out: path.join(folder, 'out.parquet'), knownAt: 'latest' };
      seconds.push(
        await secondsOf(async () => {
          const report = await platform.jobs.writeHistory(query, quietly);
          if (report.rows !== SPINE_ROWS) throw new Error(`${report.rows} rows came out`);
        }),
      );
    }
    await rm(folder, { recursive: true });
    return [rowOf(events, Math.min(...seconds))];
  });
}

async function writeSpine(file: string, { users, days }: { users: number; days: number }) {
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
      SELECT 'u' || lpad((${random('u')} * ${users})::INTEGER::VARCHAR, 7, '0') AS user_id,
        strftime(${time}, '%Y-%m-%dT%H:%M:%S.%fZ') AS time
      FROM range(${SPINE_ROWS}) AS r(i)
    ) TO ${quoteLiteral(file)} (FORMAT csv, HEADER)`);
  } finally {
    duckDb.close();
  }
}

function rowOf(events: number, seconds: number): Row {
  const ratio = SPINE_ROWS / seconds / FEAST_ROWS_PER_SECOND;
  return {
    what: `history, ${formatCount(SPINE_ROWS)} rows over a year, from ${formatCount(events)} events`,
    ours: formatRate(SPINE_ROWS, seconds),
    peer: `Feast 0.67: 96,000–128,000 rows/s`,
    ratio: ratio.toFixed(2),
    budget: `≥ ${TIMES}`,
    verdict: verdictOf(ratio >= TIMES),
  };
}
