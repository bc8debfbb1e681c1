/**
 * What a daily run costs after many loads and after long: the compute step of some days in three
 * installations, by turns. In one each day of three years was a load, in one the same rows were one
 * load, and one has the loads of the last three months only. Merges happen as they would, after each
 * load; what they write is counted. Exit 1 when a budget is missed.
 *
 *     node dist/bench/growth.js [--users 500] [--loads 1100] [--rounds 5]
 */
import { readdirSync, statSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { MICROS_PER_DAY } from '../packages/instants/epoch-micros';
import { addDays, midnightOf, type LogicalDate } from '../packages/instants/logical-date';
import type { Application } from '../packages/application/application';
import { formatCount, formatSeconds, secondsOf } from './measurements/measurement';
import { fillRawTables } from './world/fill-raw-tables';
import { recordLoad } from './world/record-load';
import { runBackfill } from './world/run-backfill';
import { quietly, withInstallation } from './world/with-installation';
import { writeBenchWorld } from './world/write-bench-world';

const START = '2023-01-01';
const MONTHS_DAYS = 90;
/** Days with partitions before the first that is measured: late data changes them, models learn. */
const PUBLISHED_DAYS = 250;
const BUDGETS = { loads: 1.3, years: 1.5, files: 150, bytes: 6 };

/** In which batches an installation has the rows of the world. */
interface LoadHistory {
  readonly name: string;
  /** SQL for the batch of what arrived on the day `n`, counted from 1; null where it is left out. */
  readonly batchOf: string;
  /** Users are there in any case; they are of the first batch when they came before it. */
  readonly batchOfDay: (day: number) => number;
  /** Whether it has what a model learns from. */
  readonly isForTraining: boolean;
  /** The first day with a load of its own. */
  readonly firstDay: number;
}

interface Growth {
  readonly users: number;
  readonly loads: number;
  readonly rounds: number;
}

function historiesOf({ loads, rounds }: Growth): LoadHistory[] {
  // One more, to warm up.
  const held = loads - rounds - 1;
  const since = loads - MONTHS_DAYS;
  return [
    {
      name: `${formatCount(loads)} daily loads`,
      batchOf: 'greatest(1, n)',
      batchOfDay: (day) => day,
      isForTraining: true,
      firstDay: 1,
    },
    {
      name: 'the same rows in one load',
      batchOf: `greatest(1, n - ${held - 1})`,
      batchOfDay: (day) => Math.max(1, day - held + 1),
      isForTraining: true,
      firstDay: held,
    },
    {
      name: `the loads of the last ${MONTHS_DAYS} days`,
      batchOf: `CASE WHEN n > ${since} THEN n - ${since} END`,
      batchOfDay: (day) => day - since,
      isForTraining: false,
      firstDay: since + 1,
    },
  ];
}

/** The rows of a day, and the day itself, in one of the installations. */
interface Subject {
  readonly history: LoadHistory;
  readonly application: Application;
}

async function load({ history, application }: Subject, day: number): Promise<void> {
  const completeThrough = midnightOf(START) + BigInt(day) * MICROS_PER_DAY;
  await recordLoad(application, { batch: history.batchOfDay(day), completeThrough });
}

const dateOf = (day: number): LogicalDate => addDays(START, day);

async function prepare(
  subject: Subject,
  { folder, growth }: { folder: string; growth: Growth },
): Promise<WrittenBytes> {
  const { history, application } = subject;
  const { adapters } = application;
  await adapters.installation();
  await adapters.database.sql`update ops.installation set source = 'import'`;
  const dayOf = `(epoch_us(ingested_at) - ${midnightOf(START)}) // ${MICROS_PER_DAY} + 1`;
  const batchOf = history.batchOf.replaceAll(/\bn\b/g, `(${dayOf})`);
  await fillRawTables(application, {
    folder,
    batchOf: (table) => (table === 'users' ? `coalesce(${batchOf}, 1)` : batchOf),
  });
  const written = new WrittenBytes(adapters.paths.rawLog);
  const last = growth.loads - growth.rounds - 1;
  for (let day = history.firstDay; day <= last; day += 1) {
    await load(subject, day);
    await adapters.rawLog();
    written.note();
  }
  await runBackfill(application, {
    id: 'before',
    from: dateOf(last - PUBLISHED_DAYS + 1),
    to: dateOf(last),
  });
  return written;
}

/** What was written to a raw log, by what is seen there from time to time. */
class WrittenBytes {
  private readonly seen = new Map<string, number>();
  private folders = 0;
  private folderBytes = 0;
  private notes = 0;
  merged = 0;

  constructor(private readonly rawLogDir: string) {}

  note(): void {
    this.notes += 1;
    for (const { name, key, bytes } of filesIn(this.rawLogDir)) {
      if (this.seen.get(name) === key) continue;
      this.seen.set(name, key);
      if (!name.startsWith('batch=')) this.merged += bytes;
      else {
        this.folderBytes += bytes;
        if (name.endsWith('_load')) this.folders += 1;
      }
    }
  }

  /** A folder that was merged by the call that mirrored it is not seen; it counts as the others do. */
  get total(): number {
    return this.merged + (this.folderBytes / Math.max(1, this.folders)) * this.notes;
  }
}

function filesIn(folder: string) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => {
      const file = path.join(entry.parentPath, entry.name);
      const { size: bytes, mtimeMs: key } = statSync(file);
      return { name: path.relative(folder, file), key, bytes };
    });
}

interface StepSeconds {
  readonly compute: number;
  readonly online: number;
  readonly train: number;
}

async function runDay(subject: Subject, day: number): Promise<StepSeconds> {
  const { pipelinePorts } = subject.application;
  await load(subject, day);
  const date = dateOf(day);
  const compute = await secondsOf(async () => {
    const knowledge = await pipelinePorts.takeDailyKnowledge(date);
    await pipelinePorts.computeDay({ date, runId: `daily-${date}`, knowledge }, quietly);
  });
  const online = await secondsOf(() => pipelinePorts.syncOnline(quietly));
  const train = subject.history.isForTraining
    ? await secondsOf(() => pipelinePorts.trainModel({ asOf: date }, quietly))
    : NaN;
  return { compute, online, train };
}

async function measure(growth: Growth, folder: string, subjects: readonly Subject[]) {
  const written: WrittenBytes[] = [];
  for (const subject of subjects) {
    const seconds = await secondsOf(async () => {
      written.push(await prepare(subject, { folder, growth }));
    });
    note(`${subject.history.name}: prepared in ${formatSeconds(seconds)}`);
  }
  const days = subjects.map((): StepSeconds[] => []);
  for (let round = 0; round <= growth.rounds; round += 1) {
    const day = growth.loads - growth.rounds + round;
    for (const [index, subject] of subjects.entries()) {
      const seconds = await runDay(subject, day);
      written[index]!.note();
      note(`${dateOf(day)} ${subject.history.name}: ${formatSeconds(seconds.compute)}`);
      if (round > 0) days[index]!.push(seconds);
    }
  }
  return { days, written };
}

function note(text: string): void {
  process.stderr.write(`${text}\n`);
}

function median(values: readonly number[]): number {
  return [...values].sort((one, other) => one - other)[Math.floor(values.length / 2)]!;
}

function report(
  subjects: readonly Subject[],
  { days, written }: Awaited<ReturnType<typeof measure>>,
): boolean {
  const medianOf = (of: (day: StepSeconds) => number) =>
    days.map((ofSubject) => median(ofSubject.map(of)));
  const computes = medianOf(({ compute }) => compute);
  const onlines = medianOf(({ online }) => online);
  const trains = medianOf(({ train }) => train);
  const files = filesIn(subjects[0]!.application.adapters.paths.rawLog);
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
  for (const [index, { history }] of subjects.entries()) {
    const steps = { compute: computes, sync: onlines, train: trains };
    const seconds = Object.entries(steps)
      .filter(([, each]) => !Number.isNaN(each[index]))
      .map(([step, each]) => `${step} ${formatSeconds(each[index]!)}`);
    print([history.name, ...seconds]);
  }
  print(['bytes of the raw log', formatCount(bytes), `merges ${formatCount(written[0]!.merged)}`]);
  print(['training, beside one load', (trains[0]! / trains[1]!).toFixed(2)]);
  const first = subjects[0]!.history.name;
  const rows: [what: string, value: number, budget: number][] = [
    [`compute after ${first}, beside one load`, computes[0]! / computes[1]!, BUDGETS.loads],
    [`beside the last ${MONTHS_DAYS} days alone`, computes[0]! / computes[2]!, BUDGETS.years],
    ['files of its raw log', files.length, BUDGETS.files],
    ['bytes written to it, beside those that are there', written[0]!.total / bytes, BUDGETS.bytes],
  ];
  for (const [what, value, budget] of rows) {
    print([what, value.toFixed(2), `≤ ${budget}: ${value <= budget ? 'yes' : 'NO'}`]);
  }
  return rows.every(([, value, budget]) => value <= budget);
}

function print(cells: readonly string[]): void {
  const [what = '', ...others] = cells;
  process.stdout.write(`${what.padEnd(60)}${others.map((cell) => cell.padEnd(18)).join('')}\n`);
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      users: { type: 'string', default: '500' },
      loads: { type: 'string', default: '1100' },
      rounds: { type: 'string', default: '5' },
    },
  });
  const growth = {
    users: Number(values.users),
    loads: Number(values.loads),
    rounds: Number(values.rounds),
  };
  const scratch = await mkdtemp(path.join(tmpdir(), 'churn-bench-'));
  const folder = path.join(scratch, 'world');
  try {
    const world = {
      users: growth.users,
      days: growth.loads,
      start: START,
      seed: 46,
      ids: 'numbered',
    } as const;
    const rows = await writeBenchWorld(world, { folder, scratch: path.join(scratch, 'spill') });
    note(`a world of ${formatCount(rows.user_events)} events`);
    const histories = historiesOf(growth);
    const services = ['postgres', 'redis'] as const;
    const opened = async (subjects: readonly Subject[]): Promise<boolean> => {
      const history = histories[subjects.length];
      if (!history) return report(subjects, await measure(growth, folder, subjects));
      return withInstallation({ scratch, services }, (application) =>
        opened([...subjects, { history, application }]),
      );
    };
    if (!(await opened([]))) process.exitCode = 1;
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

void main();
