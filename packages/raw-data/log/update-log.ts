import type { TransactionSql } from '../../database';
import { rawTableNames } from '../raw-tables';
import { withDuckDb, withScratch, type OpenDuckDb } from '../scratch';
import { findBatchFolder, mirrorBatch } from './batch-folders';
import { readLogManifest, withoutOtherLoads, type PresentLoad } from './log-manifest';
import {
  bytesOfFolder,
  findLostRuns,
  mendRuns,
  mergeFolders,
  mirrorAsRuns,
  publishManifest,
  removeSuperfluous,
  requireHeld,
  type LogState,
  type LogWriter,
} from './merge-log';
import { isMergeDue } from './plan-merge';

/** Loads that follow each other and are not mirrored become runs at once when they are more. */
const FOLDERS_MIRRORED_MAX = 8;
const LOADS_PER_RUN = 64;

interface UpdateOptions {
  readonly rawLogDir: string;
  readonly scratchDir: string;
  readonly openDuckDb: OpenDuckDb;
  readonly signal?: AbortSignal;
}

/**
 * Mirrors what is missing, mends what is lost, merges as much as is due, and removes what is not
 * needed any more.
 */
export async function updateLog(
  tx: TransactionSql,
  options: UpdateOptions,
  loads: readonly PresentLoad[],
): Promise<LogState> {
  const { rawLogDir, signal } = options;
  const found = await readLogManifest(rawLogDir);
  const manifest = withoutOtherLoads(found, loads);
  const merged = new Set(manifest.loads.map(({ batch }) => batch));
  const single = loads.filter(({ batch }) => !merged.has(batch));
  const folders = await Promise.all(single.map((load) => findBatchFolder(rawLogDir, load)));
  const there = folders.filter((folder) => folder !== undefined);
  const lost = await findLostRuns(rawLogDir, manifest);
  const isWhole =
    there.length === single.length && rawTableNames.every((table) => lost[table].length === 0);
  const isDue = isMergeDue(there.map(bytesOfFolder));
  let state: LogState = { manifest, folders: there };
  if (!isWhole || isDue || manifest !== found) {
    state = await withScratch(options.scratchDir, (scratch) =>
      withDuckDb(
        options.openDuckDb,
        [rawLogDir, scratch],
        async (duckDb) => {
          const writer = { tx, duckDb, rawLogDir, scratch };
          if (manifest !== found) await publishManifest(writer, manifest);
          const mended = { manifest: await mendRuns(writer, manifest, lost), folders: there };
          return mergeFolders(writer, await mirrorMissing(writer, mended, loads));
        },
        signal,
      ),
    );
  }
  await requireHeld(tx);
  await removeSuperfluous(rawLogDir, state);
  return state;
}

/** Mirrors what is not there: a few loads as a folder each, many that follow each other as runs. */
async function mirrorMissing(
  writer: LogWriter,
  state: LogState,
  loads: readonly PresentLoad[],
): Promise<LogState> {
  let { manifest } = state;
  const folders = [...state.folders];
  const there = new Set(
    [...manifest.loads, ...folders.map(({ load }) => load)].map(({ batch }) => batch),
  );
  for (const missing of consecutive(loads, ({ batch }) => !there.has(batch))) {
    const isMany = missing.length > FOLDERS_MIRRORED_MAX;
    const step = isMany ? LOADS_PER_RUN : 1;
    for (let from = 0; from < missing.length; from += step) {
      if (isMany) {
        manifest = await mirrorAsRuns(writer, manifest, missing.slice(from, from + step));
      } else {
        folders.push(
          await mirrorBatch(writer.tx, writer.duckDb, { ...writer, load: missing[from]! }),
        );
      }
    }
  }
  folders.sort((left, right) => left.load.batch - right.load.batch);
  return { manifest, folders };
}

/** The groups of neighbours that are chosen. */
function consecutive<T>(all: readonly T[], isChosen: (each: T) => boolean): T[][] {
  const groups: T[][] = [];
  let wasChosen = false;
  for (const each of all) {
    const chosen = isChosen(each);
    if (chosen && wasChosen) groups.at(-1)!.push(each);
    else if (chosen) groups.push([each]);
    wasChosen = chosen;
  }
  return groups;
}
