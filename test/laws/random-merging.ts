import { mkdirSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import type { DuckDb } from '../../packages/duckdb/open-duckdb';
import type { InputTable, Segment, Segments } from '../../packages/features/segments';
import { mergedFolder, segmentsOfRun } from '../../packages/raw-data/log/log-manifest';
import { segmentRows } from '../../packages/raw-data/log/segment-rows';
import { writeRun, type CutSize } from '../../packages/raw-data/log/write-run';
import { mayHaveAttributes, rawTableNames } from '../../packages/raw-data/raw-tables';
import { BATCHES } from './random-world';

/** What is merged of a table: segments from one place to another, one merge after the other. */
type TableMerges = readonly {
  readonly from: number;
  readonly count: number;
  readonly cutSize: CutSize;
}[];

export interface Merging {
  readonly tables: Readonly<Record<InputTable, TableMerges>>;
}

/** What the engine reads. */
const tables: readonly InputTable[] = rawTableNames.filter(mayHaveAttributes);

function perInput<T>(valueOf: (table: InputTable) => T): Record<InputTable, T> {
  return Object.fromEntries(tables.map((table) => [table, valueOf(table)])) as Record<
    InputTable,
    T
  >;
}

const tableMerges: fc.Arbitrary<TableMerges> = fc.array(
  fc.record({
    from: fc.nat({ max: BATCHES - 1 }),
    count: fc.integer({ min: 1, max: BATCHES }),
    cutSize: fc.record({
      periodDays: fc.constantFrom(1, 1, 30),
      rows: fc.constantFrom(1, 1, 4, 1_000),
    }),
  }),
  { minLength: 1, maxLength: 3 },
);

/** Merges of any segments that follow each other, the merged ones too, cut into few or many files. */
export const randomMerging: fc.Arbitrary<Merging> = fc.record({
  tables: fc.record(perInput(() => tableMerges)),
});

let merges = 0;

/** The same rows in segments that were merged, as the raw log merges them. */
export async function mergeSegments(
  duckDb: DuckDb,
  folder: string,
  { segments, merging }: { segments: Segments; merging: Merging },
): Promise<Segments> {
  const rawLogDir = path.join(folder, `merging-${(merges += 1)}`);
  mkdirSync(mergedFolder(rawLogDir), { recursive: true });
  const merged = perInput((): Segment[] => []);
  for (const table of tables) {
    // A merge may make several segments of one: they stay together.
    let groups = segments(table, BATCHES).map((segment) => [segment]);
    for (const { from, count, cutSize } of merging.tables[table]) {
      const chosen = groups.slice(from, from + count);
      if (chosen.length === 0) continue;
      const batches = chosen.flat();
      const firstBatch = Math.min(...batches.map((segment) => segment.firstBatch));
      const lastBatch = Math.max(...batches.map((segment) => segment.lastBatch));
      const files = batches.map(({ file }) => file);
      const rows = await segmentRows(duckDb, table, files);
      const source = { table, rows, firstBatch, lastBatch, cutSize };
      const temporary = path.join(rawLogDir, 'temporary');
      const run = await writeRun(duckDb, source, { rawLogDir, temporary });
      groups = [
        ...groups.slice(0, from),
        segmentsOfRun(rawLogDir, run),
        ...groups.slice(from + count),
      ];
    }
    merged[table] = groups.flat();
  }
  return (table, throughBatch) =>
    merged[table].filter(({ firstBatch }) => firstBatch <= throughBatch);
}
