import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { DuckDb } from '../../../../packages/duckdb/open-duckdb';
import { parseInstant } from '../../../../packages/instants/epoch-micros';
import {
  cleanRowsSql,
  type CleaningRules,
} from '../../../../packages/raw-data/load/clean-rows-sql';
import { rawTables, type RawTable } from '../../../../packages/raw-data/raw-tables';
import { readDeclarations } from '../../../../packages/raw-data/properties/declared-properties';
import { findSourceFiles } from '../../../../packages/raw-data/sources/find-source-files';
import { settleTimes } from '../../../../packages/raw-data/values/settle-times';
import { createScratchDirectory } from '../../../environment/scratch-directory';
import { openTestDuckDb } from '../../duckdb/open-test-duckdb';

type CleanedRow = Readonly<Record<string, string | bigint | null>>;

export interface CleaningFixture {
  readonly folder: string;
  readonly duckDb: DuckDb;
  /** The rows of a table of an import folder, cleaned without any server; times in epoch microseconds. */
  clean(folder: string, table: RawTable, rules?: Partial<CleaningRules>): Promise<CleanedRow[]>;
  /** The same of a table alone, written as a file of lines. */
  cleanLines(
    table: RawTable,
    lines: readonly string[],
    rules?: Partial<CleaningRules>,
  ): Promise<CleanedRow[]>;
  /**
   * Writes files into a new folder: a text as it is, an array of texts as lines; `{ sql }` becomes a
   * Parquet file, `{ copyOf }` is copied.
   */
  write(files: Readonly<Record<string, WrittenFile>>): Promise<string>;
  remove(): void;
}

type WrittenFile =
  string | readonly string[] | { readonly sql: string } | { readonly copyOf: string };

export async function createCleaningFixture(): Promise<CleaningFixture> {
  const scratch = createScratchDirectory();
  const duckDb = await openTestDuckDb(scratch.path);
  let count = 0;
  const newFolder = () => {
    const folder = path.join(scratch.path, `folder-${(count += 1)}`);
    mkdirSync(folder);
    return folder;
  };
  const write: CleaningFixture['write'] = async (files) => {
    const folder = newFolder();
    for (const [name, content] of Object.entries(files)) {
      const file = path.join(folder, name);
      if (typeof content === 'string') writeFileSync(file, content);
      else if (isLines(content)) writeFileSync(file, [...content, ''].join('\n'));
      else if ('copyOf' in content) copyFileSync(content.copyOf, file);
      else await duckDb.run(`COPY (${content.sql}) TO '${file}' (FORMAT parquet)`);
    }
    return folder;
  };
  const clean: CleaningFixture['clean'] = async (folder, table, rules = {}) => {
    const { files } = await findSourceFiles(duckDb, {
      folder,
      scratch: newFolder(),
      needsUsers: true,
      readDeclarations,
    });
    const found = files.find((source) => source.table === table)!;
    const source = await settleTimes(duckDb, found, path.join(newFolder(), 'copy.parquet'));
    const query = cleanRowsSql(source, {
      currency: 'USD',
      now: parseInstant('2100-01-01'),
      missingArrival: 'assumed',
      ...rules,
    });
    const times = [rawTables[table].timeColumn, 'ingested_at'];
    const micros = times.map((name) => `epoch_us("${name}") AS "${name}"`).join(', ');
    return duckDb.rows(`SELECT * REPLACE (${micros}) FROM (${query})`);
  };
  return {
    folder: scratch.path,
    duckDb,
    write,
    clean,
    async cleanLines(table, lines, rules) {
      const files: Record<string, WrittenFile> = { 'users.csv': ['user_id,signup_time,plan'] };
      return clean(await write({ ...files, [`${table}.csv`]: lines }), table, rules);
    },
    remove() {
      duckDb.close();
      scratch.remove();
    },
  };
}

function isLines(content: WrittenFile): content is readonly string[] {
  return Array.isArray(content);
}
