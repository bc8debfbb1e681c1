import { mkdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import type { DuckDb } from '../../../packages/duckdb';
import { parseInstant } from '../../../packages/instants/epoch-micros';
import { reportFigure } from '../../acceptance/report-figure';
import { createScratchDirectory } from '../../environment/scratch-directory';
import { openTestDuckDb } from '../../packages/duckdb/open-test-duckdb';
import { differencesOf, readAsProduct } from './read-as-product';
import type { MutatedFile } from './mutated-file';
import { describeWithPython, runPython } from './run-python';
import { isDeep } from '../../environment/depth';
const FILES = isDeep ? 20_000 : 100;
const SEED = 'mutated files';
/** So many are on disk at a time. */
const CHUNK = 500;
const NOW = parseInstant('2100-01-01');

describeWithPython('mutated CSV and Parquet files', () => {
  const scratch = createScratchDirectory();
  let duckDb: DuckDb;

  beforeAll(async () => {
    duckDb = await openTestDuckDb(scratch.path);
  });

  afterAll(() => {
    duckDb.close();
    scratch.remove();
  });

  /** Damaged files of which both readers read rows, and not the same ones. */
  let readOtherwise = 0;

  it(
    'give exactly the rows that the independent reader finds valid, or are refused or rejected with a reason',
    async () => {
      const started = performance.now();
      const differences: string[] = [];
      let loading = 0;
      readOtherwise = 0;
      for (let first = 0; first < FILES; first += CHUNK) {
        const folder = path.join(scratch.path, 'files');
        mkdirSync(folder);
        const count = Math.min(CHUNK, FILES - first);
        const files = runPython<Record<string, MutatedFile>>(
          'make_fuzz.py',
          folder,
          SEED,
          ...[first, count, NOW].map(String),
        );
        for (const [number, file] of Object.entries(files)) {
          const said = await compare(file);
          differences.push(...said.map((text) => `${number} ${file.table}: ${text}`));
          if ('rows' in file.found && file.found.rows.some((row) => 'values' in row)) loading += 1;
        }
        rmSync(folder, { recursive: true });
      }
      expect(differences).toEqual([]);
      expect(loading).toBeGreaterThan(FILES / 2);
      expect(readOtherwise).toBeLessThan(FILES / 100);
      if (isDeep) {
        const seconds = (performance.now() - started) / 1_000;
        reportFigure(
          'Imports of mutated files agree with a reader in Python (files)',
          FILES,
          seconds,
        );
      }
    },
    (isDeep ? 60 : 2) * 60_000,
  );

  async function compare({ folder, table, damaged, found: expected }: MutatedFile) {
    const found = await readAsProduct(
      duckDb,
      { folder, table, scratch: scratch.path },
      { currency: 'USD', now: NOW, missingArrival: 'assumed' },
    );
    const differences = differencesOf(expected, found);
    if (!damaged || differences.length === 0) return differences;
    // Parquet seldom has checksums: of a file whose bytes are damaged nobody can say the values
    // (docs/LIMITATIONS.md); one of the two may also refuse what the other does not look at.
    if ('rows' in found && 'rows' in expected) readOtherwise += 1;
    return [];
  }
});
