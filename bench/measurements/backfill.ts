import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { addDays, dayNumber } from '../../packages/instants/logical-date';
import type { Application } from '../../packages/application/application';
import { findPython } from '../peers/python';
import { peerScript, runForReport, type PeerRun } from '../peers/run-peer';
import { acceptWorld, mergeWorld, worldFolder } from '../world/accept-world';
import { countVectors, emptyStore, setAside, type BackfillRange } from '../world/run-backfill';
import { THREADS, withInstallation } from '../world/with-installation';
import {
  formatCount,
  formatGiB,
  formatRate,
  budgetVerdict,
  type BenchOptions,
  type Row,
} from './measurement';
import { readPartitionTotals, requireSameVectors, type PartitionTotals } from './same-vectors';

const START = '2024-01-01';
const MEMORY_BUDGET_GIB = 4;
const POLARS = 'Polars + numpy';

interface Contender {
  readonly name: string;
  /** Whether it needs the order of our segments, which events as they come do not have. */
  readonly needsOrder?: boolean;
  readonly program: string;
  readonly args: readonly string[];
}

interface Setting {
  readonly application: Application;
  readonly range: BackfillRange;
  readonly options: BenchOptions;
}

/**
 * A year from the raw log to Parquet: the platform (ledger, claims, manifests, hashes, fsync and
 * all) against scripts written by hand for the same files, and against writing the same rows alone.
 *
 * @throws Error when a peer computes something else.
 */
export async function measureBackfill(options: BenchOptions): Promise<Row[]> {
  const { scratch, users, days, note } = options;
  return withInstallation({ scratch, services: ['postgres'] }, async (application) => {
    const world = { users, days, start: START, seed: 42, ids: options.ids };
    note(`writing a world of ${formatCount(users)} users × ${days} days`);
    const rows = await acceptWorld(application, world);
    note(`${formatCount(rows.user_events)} user events`);
    await mergeWorld(application);
    const range = { from: addDays(START, 1), to: addDays(START, days) };
    const setting = { application, range, options };
    return compare(setting, await contendersFor(setting));
  });
}

async function contendersFor({ application, range, options }: Setting): Promise<Contender[]> {
  const { from, to } = range;
  const numbers = [dayNumber(from), options.days, dayNumber(to), THREADS].map(String);
  const args = [worldFolder(application), peerOutput(options), ...numbers];
  const python = await findPython(options);
  return [
    {
      name: 'DuckDB script',
      program: process.execPath,
      args: [peerScript('duckdb-script.mjs'), ...args],
    },
    ...(python ? polarsContenders(python, args) : []),
  ];
}

function polarsContenders(program: string, args: readonly string[]): Contender[] {
  return [
    { name: POLARS, program, args: [peerScript('polars-matrices.py'), ...args] },
    {
      name: `${POLARS}, users in order`,
      needsOrder: true,
      program,
      args: [peerScript('polars-in-order.py'), ...args],
    },
  ];
}

function peerOutput({ scratch }: BenchOptions): string {
  return path.join(scratch, 'peer');
}

async function compare(setting: Setting, contenders: readonly Contender[]): Promise<Row[]> {
  const { application, range, options } = setting;
  const ours: PeerRun[] = [];
  const theirs = contenders.map((): PeerRun[] => []);
  const encoding: PeerRun[] = [];
  let partitions: PartitionTotals | undefined;
  for (let round = 1; round <= options.backfillRounds; round += 1) {
    options.note(`backfill, round ${round}: ours`);
    ours.push(await backfillOnce(application, range));
    partitions ??= await readPartitionTotals(application, ourFiles(application));
    for (const [index, { name, program, args }] of contenders.entries()) {
      options.note(`backfill, round ${round}: ${name}`);
      theirs[index]!.push(await intoEmptyFolder(options, () => runForReport(program, args)));
      const files = path.join(peerOutput(options), '*.parquet');
      requireSameVectors(name, partitions, await readPartitionTotals(application, files));
    }
    options.note(`backfill, round ${round}: encoding alone`);
    const encode = [peerScript('encode-only.mjs'), application.adapters.paths.features];
    const args = [...encode, peerOutput(options), String(THREADS)];
    encoding.push(await intoEmptyFolder(options, () => runForReport(process.execPath, args)));
  }
  const vectors = await countVectors(application, range);
  return [
    ...contestRows(options, vectors, {
      ours: fastest(ours),
      peers: contenders.map((peer, index) => ({ ...peer, run: fastest(theirs[index]!) })),
    }),
    encodingRow(vectors, fastest(ours), fastest(encoding)),
    memoryRow(ours, theirs.flat()),
  ];
}

function ourFiles({ adapters }: Application): string {
  return path.join(adapters.paths.features, 'year=*', 'month=*', 'day=*.parquet');
}

/** In a process of its own, whose peak memory is that of the backfill. */
async function backfillOnce(
  application: Application,
  { from, to }: BackfillRange,
): Promise<PeerRun> {
  await emptyStore(application);
  const script = path.resolve(__dirname, '../backfill-once.js');
  return runForReport(process.execPath, [script, application.adapters.paths.root, from, to]);
}

async function intoEmptyFolder(options: BenchOptions, work: () => Promise<PeerRun>) {
  await setAside(peerOutput(options));
  await mkdir(peerOutput(options));
  return work();
}

function fastest(runs: readonly PeerRun[]): PeerRun {
  return runs.reduce((best, next) => (next.seconds < best.seconds ? next : best));
}

/** The budget is the best script that takes events in any order; beside the others is the ratio. */
function contestRows(
  { users, days }: BenchOptions,
  vectors: number,
  contest: { ours: PeerRun; peers: readonly (Contender & { run: PeerRun })[] },
): Row[] {
  const { ours, peers } = contest;
  const best = fastest(peers.filter(({ needsOrder }) => !needsOrder).map(({ run }) => run));
  const what = `backfill ${formatCount(users)} users × ${days} days, ${formatCount(vectors)} vectors`;
  const rows = peers.map(({ name, run }): Row => {
    const ratio = run.seconds / ours.seconds;
    const isBest = run === best;
    return {
      what: `${what}: ${name}`,
      ours: formatRate(vectors, ours.seconds),
      peer: formatRate(vectors, run.seconds),
      ratio: ratio.toFixed(2),
      budget: isBest ? '≥ 1 (aim 1.5)' : '',
      verdict: isBest ? budgetVerdict(ratio >= 1) : '',
    };
  });
  if (peers.some(({ name }) => name === POLARS)) return rows;
  const reason = 'not run: no Python with polars';
  const what2 = `${what}: ${POLARS}`;
  return [
    ...rows,
    { ...rows[0]!, what: what2, peer: reason, ratio: '', budget: '', verdict: 'not run' },
  ];
}

function encodingRow(vectors: number, ours: PeerRun, encoding: PeerRun): Row {
  return {
    what: 'backfill: distance to encoding the same Parquet alone',
    ours: formatRate(vectors, ours.seconds),
    peer: formatRate(vectors, encoding.seconds),
    ratio: (encoding.seconds / ours.seconds).toFixed(2),
    budget: '',
    verdict: '',
  };
}

function memoryRow(ours: readonly PeerRun[], theirs: readonly PeerRun[]): Row {
  const peak = (runs: readonly PeerRun[]) => Math.max(...runs.map((run) => run.peakRssBytes));
  const bytes = peak(ours);
  return {
    what: 'backfill: peak memory of the process',
    ours: formatGiB(bytes),
    peer: formatGiB(peak(theirs)),
    ratio: (peak(theirs) / bytes).toFixed(2),
    budget: `≤ ${MEMORY_BUDGET_GIB} GiB`,
    verdict: bytes === 0 ? 'not run' : budgetVerdict(bytes <= MEMORY_BUDGET_GIB * 2 ** 30),
  };
}
