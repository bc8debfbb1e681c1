import { ChurnError, type SyntheticWorld } from '../contracts';
import type { Database } from '../database';
import type { DuckDb } from '../duckdb';
import {
  addDays,
  dateOf,
  MICROS_PER_DAY,
  MICROS_PER_HOUR,
  midnightOf,
  type EpochMicros,
  type LogicalDate,
} from '../instants';
import type { GenerateArrivals } from './sources/arrived-rows';
import type { LoadReport } from './import-folder';
import {
  ensureInstallation,
  readInstallation,
  recordSource,
  requireSource,
  type Installation,
} from './installation';
import { loadBatch, type LoadCounts } from './load/load-batch';
import type { LoadWait } from './load-lock';
import type { LoadProgress } from './load-progress';
import { prepareLoad } from './load/prepare-load';
import { describeSources } from './sources/source-report';
import { perTable } from './raw-tables';
import { withDuckDb, withScratch, type OpenDuckDb } from './scratch';
import { writeArrivedRows } from './sources/write-arrived-rows';

export interface GenerateOptions {
  readonly database: Database;
  readonly scratchDir: string;
  readonly openDuckDb: OpenDuckDb;
  readonly currency: string;
  readonly generateArrivals: GenerateArrivals;
  /** What is left out is as recorded; the first call needs all but start, which defaults to from. */
  readonly world: Partial<SyntheticWorld>;
  /** First and last day, both inclusive. */
  readonly from: LogicalDate;
  readonly to: LogicalDate;
  readonly onProgress?: (progress: LoadProgress) => void;
  /** Its abort ends the load, and leaves nothing of it. */
  readonly signal?: AbortSignal;
  /** For other loads. */
  readonly waiting?: LoadWait;
}

interface GenerationPlan {
  readonly world: SyntheticWorld;
  /** What the plan rests on: it is void once more is loaded. */
  readonly loadedThrough: EpochMicros | null;
  /** Rows that arrive in (after, through] are to be loaded. */
  readonly after: EpochMicros;
  readonly through: EpochMicros;
}

/**
 * Brings a synthetic installation up to day `to`: loads every row that arrives in (loaded-through,
 * `to` 01:00Z] as one batch. Days that are loaded already load nothing (the report's batch is
 * null). The first call records the world and loads all that arrived until then.
 *
 * @throws ChurnError SOURCE_MISMATCH on imported data, WORLD_MISMATCH for another world,
 *   GENERATE_GAP when `from` is later than the day after the last one loaded,
 *   INVALID_DATE_RANGE when `to` is before `from`, INVALID_REQUEST for an incomplete first world.
 */
export async function generateDays(options: GenerateOptions): Promise<LoadReport> {
  const installation = await ensureInstallation(options.database, options);
  const plan = planGeneration(installation, options);
  if (plan === null) return nothingLoaded();
  const counts = await loadPlanned(options, plan);
  if (counts) return { ...counts, ...describeSources([], []) };
  // Somebody else loaded in the meantime: what is left to do has to be worked out anew.
  return generateDays(options);
}

function nothingLoaded(): LoadReport {
  return {
    batch: null,
    loaded: perTable(() => 0),
    unchanged: perTable(() => 0),
    rejected: perTable(() => ({})),
    retried: perTable(() => 0),
    warnings: [],
    ...describeSources([], []),
  };
}

/** What is left to load, or null when nothing is. Pure. */
function planGeneration(
  installation: Installation,
  { from, to, world: asked }: GenerateOptions,
): GenerationPlan | null {
  const first = midnightOf(from);
  const through = midnightOf(to) + MICROS_PER_HOUR;
  if (midnightOf(to) < first) {
    throw new ChurnError('INVALID_DATE_RANGE', { from, to, problem: 'it ends before it begins' });
  }
  requireSource(installation, 'synthetic');
  const world = chooseWorld(installation.world, asked, from);
  const { loadedThrough } = installation;
  if (loadedThrough === null) {
    if (first > midnightOf(world.start)) throw gap(from, world.start);
    // A day of margin: nothing of a world is known before it starts.
    return { world, loadedThrough, after: midnightOf(world.start) - MICROS_PER_DAY, through };
  }
  if (through <= loadedThrough) return null;
  const nextDay = addDays(dateOf(loadedThrough), 1);
  if (from > nextDay) throw gap(from, nextDay);
  return { world, loadedThrough, after: loadedThrough, through };
}

function gap(from: LogicalDate, latestStart: LogicalDate): ChurnError {
  return new ChurnError('GENERATE_GAP', { from, latestStart });
}

function chooseWorld(
  recorded: SyntheticWorld | null,
  asked: Partial<SyntheticWorld>,
  from: LogicalDate,
): SyntheticWorld {
  const { version, seed, users, start = from } = { ...recorded, ...asked };
  if (version === undefined || seed === undefined || users === undefined) {
    const problem =
      'the first load of synthetic data needs a version, a seed and a number of users';
    throw new ChurnError('INVALID_REQUEST', { problem });
  }
  const wanted = { version, seed, users, start };
  if (recorded && describeWorld(recorded) !== describeWorld(wanted)) {
    throw new ChurnError('WORLD_MISMATCH', {
      present: describeWorld(recorded),
      wanted: describeWorld(wanted),
    });
  }
  return wanted;
}

function describeWorld({ version, seed, users, start }: SyntheticWorld): string {
  return `version ${version}, seed ${seed}, ${users} users and first day ${start}`;
}

/** Null when the plan was void by the time the load could start. */
async function loadPlanned(
  options: GenerateOptions,
  { world, loadedThrough, after, through }: GenerationPlan,
): Promise<LoadCounts | null> {
  const { database, currency, onProgress, waiting, signal } = options;
  const load = async (duckDb: DuckDb, scratch: string) => {
    const rows = options.generateArrivals(world, { after, through });
    const sources = await writeArrivedRows(rows, { folder: scratch, onProgress, signal });
    const rules = { currency, now: null, missingArrival: 'assumed' } as const;
    const tables = await prepareLoad(duckDb, sources, { rules, scratch, onProgress });
    return loadBatch(database, {
      source: 'synthetic',
      arrival: 'carried',
      tables,
      duckDb,
      scratch,
      completeThrough: through,
      limits: null,
      mayLoad: async (tx) => {
        const present = await readInstallation(tx);
        requireSource(present, 'synthetic');
        return present.loadedThrough === loadedThrough;
      },
      record: (tx) => recordSource(tx, { kind: 'synthetic', world, through }),
      onProgress,
      waiting,
      signal,
    });
  };
  return withScratch(options.scratchDir, (scratch) =>
    withDuckDb(options.openDuckDb, [scratch], (duckDb) => load(duckDb, scratch), signal),
  );
}
