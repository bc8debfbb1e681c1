import type { LoadSummary, Progress, SyntheticWorld } from '../../contracts';
import { midnightOf, MICROS_PER_HOUR, type LogicalDate } from '../../instants';
import { generateDays, importNewFolders, type LoadCounts, type LoadProgress } from '../../raw-data';
import { generateArrivals } from '../../synthetic';
import { loadWaitOf } from '../load-wait-of';
import type { Adapters } from '../open/open-adapters';
import { warnOfFolders } from './warned-folders';

/**
 * What `generate_data` does for a date: the arrivals of a synthetic source up to that day's
 * 01:00Z, or each new folder of CHURN_IMPORT_DIR. Which of the two was decided by the first load.
 *
 * @throws ChurnError as `importNewFolders`: a folder that can't be loaded fails the day, because
 *   features without its rows would say that nobody came.
 */
export async function generateData(
  adapters: Adapters,
  date: LogicalDate,
  progress: Progress,
): Promise<LoadSummary> {
  const installation = await adapters.installation();
  if (installation.source === 'synthetic' && installation.world) {
    return loadSynthetic(adapters, { date, world: installation.world, progress });
  }
  const { importDir } = adapters.config;
  if (importDir === undefined) return { batch: null, rows: {}, rejected: 0 };
  const folders = await importNewFolders({
    ...loadOptions(adapters, progress),
    importDir,
    arrival: 'now',
    rejectedLimits: adapters.config.rejectedLimits,
  });
  const summary = summarise(folders.map((folder) => folder.report));
  const problems = await warnOfFolders(adapters, date);
  return problems.length === 0 ? summary : { ...summary, ...withinLimits(problems) };
}

/** Payloads are small: of many warnings the first are named. */
const PROBLEMS_MAX = 20;

function withinLimits(problems: readonly string[]): Pick<LoadSummary, 'verdict' | 'problems'> {
  const more = problems.length - PROBLEMS_MAX;
  const named = problems.slice(0, PROBLEMS_MAX);
  return { verdict: 'warn', problems: more > 0 ? [...named, `${more} more`] : named };
}

async function loadSynthetic(
  adapters: Adapters,
  options: {
    date: LogicalDate;
    world: SyntheticWorld;
    progress: Progress;
  },
): Promise<LoadSummary> {
  const { date, world, progress } = options;
  const { loadedThrough } = await adapters.installation();
  if (loadedThrough !== null && midnightOf(date) + MICROS_PER_HOUR <= loadedThrough) {
    return { batch: null, rows: {}, rejected: 0 };
  }
  const loaded = {
    ...loadOptions(adapters, progress),
    world,
    generateArrivals,
    from: date,
    to: date,
  };
  return summarise([await generateDays(loaded)]);
}

/** What every load is given. */
export function loadOptions(adapters: Adapters, progress: Progress) {
  return {
    database: adapters.database,
    scratchDir: adapters.paths.scratch,
    openDuckDb: (directories: readonly string[]) => adapters.openLoadingDuckDb(directories),
    currency: adapters.config.currency,
    keeping: {
      folder: adapters.paths.cleaned,
      megabytesMax: adapters.config.cleanedMegabytesMax,
    },
    signal: progress.signal,
    onProgress: ({ table, phase, rows, total = 0 }: LoadProgress) => {
      const ofWhat = phase === 'recording' ? `rejected rows of ${table}` : table;
      progress.report({ what: `${phase} ${ofWhat}`, done: rows, total });
    },
    waiting: loadWaitOf(progress),
  };
}

function summarise(reports: readonly LoadCounts[]): LoadSummary {
  const rows: Record<string, number> = {};
  let rejected = 0;
  for (const report of reports) {
    for (const [table, count] of Object.entries(report.loaded))
      rows[table] = (rows[table] ?? 0) + count;
    const perTable = Object.values(report.rejected).flatMap((reasons) => Object.values(reasons));
    rejected += perTable.reduce((total, count) => total + count, 0);
  }
  return { batch: reports.at(-1)?.batch ?? null, rows, rejected };
}
