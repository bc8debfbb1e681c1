/**
 * What a daily run costs after many loads and after long: whole runs of some days, through Temporal,
 * in three installations by turns. In one each day of three years was a load, in one the same rows
 * were one load, and one has the loads of the last three months only. Each run loads its day from an
 * import folder, and a model is trained after the days that have no training. Merges happen as they
 * would, after each load; what they write is counted. Exit 1 when a budget is missed.
 *
 *     node dist/bench/growth.js [--users 500] [--loads 1100] [--rounds 5]
 */
import { readdirSync, statSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { isChurnError } from '../packages/contracts/errors';
import type { LoadSummary } from '../packages/contracts/pipeline-ports';
import { stepNames, type StepName } from '../packages/contracts/pipeline';
import { readParquet } from '../packages/duckdb/open-duckdb';
import { MICROS_PER_DAY } from '../packages/instants/epoch-micros';
import { addDays, midnightOf, type LogicalDate } from '../packages/instants/logical-date';
import type { Application } from '../packages/application/application';
import { mayHaveAttributes, rawTableNames, type RawTable } from '../packages/raw-data/raw-tables';
import { formatCount, formatSeconds, secondsOf } from './measurements/measurement';
import { fillRawTables } from './world/fill-raw-tables';
import { recordLoad } from './world/record-load';
import { runBackfill } from './world/run-backfill';
import { quietly, withInstallation } from './world/with-installation';
import { writeBenchWorld } from './world/write-bench-world';
import { writeCsv } from './world/write-csv';

const START = '2023-01-01';
const MONTHS_DAYS = 90;
/** Days with partitions before the first that is measured: late data changes them, models learn. */
const PUBLISHED_DAYS = 250;
const BUDGETS = { loads: 1.3, years: 1.5, files: 150, bytes: 6 };

/** In which batches an installation has the rows of the world. */
interface LoadHistory {
  readonly name: string;
  /**
   * SQL for the batch of what arrived on the day `n`, counted from 1; null where it is left out. Users
   * are there in any case, those from before the first batch in that.
   */
  readonly batchOf: string;
  readonly batchOfDay: (day: number) => number;
  /** The first day with a load of its own. */
  readonly firstDay: number;
}

interface Growth {
  readonly users: number;
  readonly loads: number;
  readonly rounds: number;
}

/** The last day that is loaded before any is measured: one more is there to warm up. */
const lastBefore = ({ loads, rounds }: Growth) => loads - rounds - 1;

function historiesOf(growth: Growth): LoadHistory[] {
  const { loads } = growth;
  const held = lastBefore(growth);
  const since = loads - MONTHS_DAYS;
  return [
    {
      name: `${formatCount(loads)} daily loads`,
      batchOf: 'greatest(1, n)',
      batchOfDay: (day) => day,
      firstDay: 1,
    },
    {
      name: 'the same rows in one load',
      batchOf: `greatest(1, n - ${held - 1})`,
      batchOfDay: (day) => Math.max(1, day - held + 1),
      firstDay: held,
    },
    {
      name: `the loads of the last ${MONTHS_DAYS} days`,
      batchOf: `CASE WHEN n > ${since} THEN n - ${since} END`,
      batchOfDay: (day) => day - since,
      firstDay: since + 1,
    },
  ];
}

/** The rows of a day, and the day itself, in one of the installations. */
interface Subject {
  readonly history: LoadHistory;
  readonly application: Application;
}

const dateOf = (day: number): LogicalDate => addDays(START, day);

/** SQL for the day, counted from 1, on which a row arrived. */
const ARRIVAL_DAY = `((epoch_us(ingested_at) - ${midnightOf(START)}) // ${MICROS_PER_DAY} + 1)`;

async function prepare(
  subject: Subject,
  { folder, growth }: { folder: string; growth: Growth },
): Promise<WrittenBytes> {
  const { history, application } = subject;
  const { adapters } = application;
  await adapters.installation();
  await adapters.database.sql`update ops.installation set source = 'import'`;
  const last = lastBefore(growth);
  const batchOf = history.batchOf.replaceAll(/\bn\b/g, ARRIVAL_DAY);
  const ofTable = (table: RawTable) => (table === 'users' ? `coalesce(${batchOf}, 1)` : batchOf);
  await fillRawTables(application, {
    folder,
    batchOf: (table) => `CASE WHEN ${ARRIVAL_DAY} <= ${last} THEN ${ofTable(table)} END`,
  });
  const written = new WrittenBytes(adapters.paths.rawLog);
  for (let day = history.firstDay; day <= last; day += 1) {
    const completeThrough = midnightOf(START) + BigInt(day) * MICROS_PER_DAY;
    await recordLoad(application, { batch: history.batchOfDay(day), completeThrough });
    await adapters.rawLog();
    written.note();
  }
  const days = Math.min(PUBLISHED_DAYS, last);
  await runBackfill(application, { id: 'before', from: dateOf(last - days + 1), to: dateOf(last) });
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

/** Of each step, of a run without training, and of one with it. NaN: nothing to learn from yet. */
type StepSeconds = Readonly<Record<MeasuredPart, number>>;
type MeasuredPart = StepName | 'run' | 'run_and_train';

/** Writes what arrived on a day into the folder from which the day's run loads it. */
async function writeDay(
  application: Application,
  { folder, day }: { folder: string; day: number },
): Promise<void> {
  const imports = application.adapters.config.importDir!;
  const written = path.join(imports, `.${dateOf(day)}`);
  await mkdir(written, { recursive: true });
  for (const table of rawTableNames.filter(mayHaveAttributes)) {
    const rows = readParquet([path.join(folder, `${table}.parquet`)]);
    await writeCsv(application, {
      query: `SELECT * EXCLUDE (batch) FROM ${rows} WHERE ${ARRIVAL_DAY} = ${day}`,
      file: path.join(written, `${table}.csv`),
      readsFrom: folder,
    });
  }
  await rename(written, path.join(imports, dateOf(day)));
}

async function runDay(
  { history, application }: Subject,
  { folder, day }: { folder: string; day: number },
): Promise<StepSeconds> {
  const { services } = application;
  await writeDay(application, { folder, day });
  const date = dateOf(day);
  const { steps } = await services.runDay(date, quietly);
  const { batch } = steps[0]!.result as LoadSummary;
  if (batch !== history.batchOfDay(day)) throw new Error(`${date} was loaded as ${batch}`);
  const secondsOfStep = (name: StepName) =>
    steps.find(({ step, status }) => step === name && status === 'succeeded')?.seconds ?? NaN;
  const { train_model: trained, ...others } = Object.fromEntries(
    stepNames.map((name) => [name, secondsOfStep(name)]),
  ) as Record<StepName, number>;
  const train_model = Number.isNaN(trained) ? await secondsOfTraining(application, date) : trained;
  const run = Object.values(others).reduce((sum, each) => sum + each, 0);
  return { ...others, train_model, run, run_and_train: run + train_model };
}

async function secondsOfTraining(
  { pipelinePorts }: Application,
  asOf: LogicalDate,
): Promise<number> {
  try {
    return await secondsOf(() => pipelinePorts.trainModel({ asOf }, quietly));
  } catch (error) {
    // Three months may be too short.
    if (isChurnError(error) && error.code === 'NOT_ENOUGH_TRAINING_DATA') return NaN;
    throw error;
  }
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
      const seconds = await runDay(subject, { folder, day });
      written[index]!.note();
      note(`${dateOf(day)} ${subject.history.name}: ${JSON.stringify(seconds)}`);
      if (round > 0) days[index]!.push(seconds);
    }
  }
  return { days, written };
}

function note(text: string): void {
  process.stderr.write(`${text}\n`);
}

function median(values: readonly number[]): number {
  const sorted = values.filter((each) => !Number.isNaN(each)).sort((one, other) => one - other);
  return sorted[Math.floor(sorted.length / 2)] ?? NaN;
}

function report(
  subjects: readonly Subject[],
  { days, written }: Awaited<ReturnType<typeof measure>>,
): boolean {
  const secondsOfStep = (step: MeasuredPart) =>
    days.map((ofSubject) => median(ofSubject.map((each) => each[step])));
  print(['', ...subjects.map(({ history }) => history.name)]);
  for (const step of [...stepNames, 'run', 'run_and_train'] as const) {
    print([step, ...secondsOfStep(step).map(formatSeconds)]);
  }
  const files = filesIn(subjects[0]!.application.adapters.paths.rawLog);
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
  print(['bytes of the raw log', formatCount(bytes), `merges ${formatCount(written[0]!.merged)}`]);
  const first = subjects[0]!.history.name;
  const [loads, one, months] = secondsOfStep('run') as [number, number, number];
  const [trainedLoads, trainedOne] = secondsOfStep('run_and_train') as [number, number];
  const rows: [what: string, value: number, budget: number][] = [
    [`a run after ${first}, beside one load`, loads / one, BUDGETS.loads],
    ['the same with training', trainedLoads / trainedOne, BUDGETS.loads],
    [`beside the last ${MONTHS_DAYS} days alone`, loads / months, BUDGETS.years],
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
  process.stdout.write(`${what.padEnd(52)}${others.map((cell) => cell.padEnd(28)).join('')}\n`);
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
    const services = ['postgres', 'redis', 'temporal', 'worker'] as const;
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
