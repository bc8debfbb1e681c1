import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { validateSync } from 'class-validator';
import { IsKnownAt } from '../../../api/http/validation';
import { instantOption } from '../../../packages/cli/option-parsers';
import type { DuckDb } from '../../../packages/duckdb';
import { parseInstant } from '../../../packages/instants/epoch-micros';
import { readSpine } from '../../../packages/raw-data/read-spine';
import type { RawTable } from '../../../packages/raw-data/raw-tables';
import { createScratchDirectory } from '../../environment/scratch-directory';
import { openTestDuckDb } from '../../packages/duckdb/open-test-duckdb';
import { differencesOf, readAsProduct, type ReadFile } from './read-as-product';
import { describeWithPython, runPython } from './run-python';

/** What the independent reader finds: `make_matrix.py` says in what. */
interface Matrix {
  readonly files: Readonly<
    Record<string, ReadFile & { readonly folder: string; readonly table: RawTable }>
  >;
  readonly spines: Readonly<
    Record<string, { readonly file: string; readonly times: readonly (string | null)[] }>
  >;
  readonly moments: Readonly<Record<string, string | null>>;
}

const NOW = parseInstant('2100-01-01');

class Request {
  @IsKnownAt()
  known_at: string;

  constructor(text: string) {
    this.known_at = text;
  }
}

describeWithPython('values of every kind in every encoding, at every door', () => {
  const scratch = createScratchDirectory();
  let duckDb: DuckDb;
  let matrix: Matrix;
  /** What was compared, to see that it was enough. */
  let cases = 0;

  beforeAll(async () => {
    duckDb = await openTestDuckDb(scratch.path);
    const folder = path.join(scratch.path, 'matrix');
    mkdirSync(folder);
    matrix = runPython<Matrix>('make_matrix.py', folder, String(NOW));
  }, 120_000);

  afterAll(() => {
    duckDb.close();
    scratch.remove();
  });

  it('are imported as the independent reader reads them, or rejected for its reason, or their file is refused', async () => {
    const differences: string[] = [];
    const seen = { values: 0, rejected: 0, refused: 0 };
    for (const [name, expected] of Object.entries(matrix.files)) {
      const { folder, table } = expected;
      const found = await readAsProduct(
        duckDb,
        { folder, table, scratch: scratch.path },
        { currency: 'USD', now: NOW, missingArrival: 'assumed' },
      );
      differences.push(...differencesOf(expected, found).map((said) => `${name}: ${said}`));
      if ('refused' in expected) seen.refused += 1;
      else {
        seen.values += expected.rows.filter((row) => 'values' in row).length;
        seen.rejected += expected.rows.filter((row) => 'reason' in row).length;
      }
    }
    cases += seen.values + seen.rejected + seen.refused;
    expect(differences).toEqual([]);
    expect(Math.min(seen.values, seen.rejected)).toBeGreaterThan(1_000);
    expect(seen.refused).toBeGreaterThan(50);
  });

  it('are read alike in a spine', async () => {
    const differences: string[] = [];
    for (const [name, { file, times }] of Object.entries(matrix.spines)) {
      await readSpine(duckDb, { file, scratchDir: scratch.path });
      const rows = await duckDb.rows<{ t: bigint | null }>('SELECT t FROM spine ORDER BY rowid');
      expect(rows).toHaveLength(times.length);
      cases += rows.length;
      for (const [index, { t }] of rows.entries()) {
        const found = t === null ? null : String(t);
        if (found !== times[index]) {
          differences.push(`${name}, row ${index}: ${found} instead of ${times[index]}`);
        }
      }
    }
    expect(differences).toEqual([]);
  });

  it('are read alike as the moment of a command and of a request', () => {
    const differences: string[] = [];
    for (const [text, expected] of Object.entries(matrix.moments)) {
      const answers = [momentOfCommand(text), momentOfRequest(text)];
      cases += answers.length;
      const wrong = answers.filter((answer) => answer !== expected);
      differences.push(
        ...wrong.map((found) => `${JSON.stringify(text)}: ${found} instead of ${expected}`),
      );
    }
    expect(differences).toEqual([]);
  });

  it('are more than four hundred', () => {
    expect(cases).toBeGreaterThan(5_000);
  });
});

function momentOfCommand(text: string): string | null {
  try {
    return String(parseInstant(instantOption(text)));
  } catch {
    return null;
  }
}

function momentOfRequest(text: string): string | null {
  const problems = validateSync(new Request(text));
  return problems.length === 0 ? String(parseInstant(text)) : null;
}
