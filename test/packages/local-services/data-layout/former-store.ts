import {
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import type { DataPaths } from '../../../../packages/config/data-paths';

const MONTH = path.join('year=2024', 'month=01');

/** A store of two days with two revisions each, as an earlier release that was killed left it. */
export function writeFormerStore(paths: DataPaths): void {
  const days = path.join(paths.features, MONTH);
  mkdirSync(days, { recursive: true });
  for (const day of ['day=01', 'day=02']) {
    const revisions = path.join(paths.formerFeatureRevisions, MONTH, day);
    mkdirSync(revisions, { recursive: true });
    for (const revision of ['rev-0001', 'rev-0002']) {
      writeFileSync(path.join(revisions, `${revision}.parquet`), `${day} ${revision}`);
      writeFileSync(path.join(revisions, `${revision}.json`), `{"of":"${day} ${revision}"}`);
    }
    linkSync(path.join(revisions, 'rev-0002.parquet'), path.join(days, `${day}.parquet`));
    writeFileSync(path.join(revisions, '.manifest.tmp-7'), '');
  }
  writeFileSync(path.join(days, '.day=02.parquet.tmp-7'), '');
}

/** What that store is once it was moved: the files with their texts, hidden ones left out. */
export const movedStore = Object.fromEntries(
  ['day=01', 'day=02'].flatMap((day) => [
    [`features/${MONTH}/${day}.parquet`, `${day} rev-0002`],
    ...['rev-0001', 'rev-0002'].flatMap((revision) => [
      [`feature_revisions/${MONTH}/${day}/${revision}.json`, `{"of":"${day} ${revision}"}`],
      [`feature_revisions/${MONTH}/${day}/${revision}.parquet`, `${day} ${revision}`],
    ]),
  ]),
) as Record<string, string>;

/** Every file of a store with its text, below `features` and `feature_revisions`. */
export function textsOf(paths: DataPaths): Record<string, string> {
  const files = [paths.features, paths.featureRevisions].filter(existsSync).flatMap((folder) =>
    readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => path.join(entry.parentPath, entry.name)),
  );
  return Object.fromEntries(
    files.map((file) => [path.relative(paths.root, file), readFileSync(file, 'utf8')]),
  );
}

/** How many names each day's file has. */
export function linksOfDays(paths: DataPaths): number[] {
  return ['day=01', 'day=02'].map(
    (day) => statSync(path.join(paths.features, MONTH, `${day}.parquet`)).nlink,
  );
}

/** Gives a directory of this release the layout of the earlier ones. */
export function moveBack(paths: DataPaths): void {
  renameSync(paths.featureRevisions, paths.formerFeatureRevisions);
}
