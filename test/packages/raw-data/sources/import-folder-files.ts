import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { openDuckDb, type DuckDb } from '../../../../packages/duckdb/open-duckdb';
import { readDeclarations } from '../../../../packages/raw-data/properties/declared-properties';
import {
  findSourceFiles,
  type ImportSources,
} from '../../../../packages/raw-data/sources/find-source-files';
import { createScratchDirectory } from '../../../environment/scratch-directory';

/** Contents by path in an import folder; null stands for a folder. */
export type FolderContents = Readonly<Record<string, string | Buffer | null>>;

export interface FoundTable {
  /** As `table: path (format, compression) [ignored columns]`. */
  readonly files: readonly string[];
  readonly companions: readonly string[];
  /** By table, its rows in order, each by canonical names. */
  readonly rows: Readonly<Record<string, readonly Record<string, unknown>[]>>;
}

/** Import folders written and read without a database. */
export interface ImportFolderRig {
  readonly path: string;
  write(contents: FolderContents, name?: string): string;
  /** What an import of the folder reads. */
  read(contents: FolderContents, name?: string): Promise<FoundTable>;
  remove(): void;
}

export async function createImportFolderRig(): Promise<ImportFolderRig> {
  const scratch = createScratchDirectory();
  const duckDb = await openDuckDb({
    allowedDirectories: [scratch.path],
    scratchDirectory: scratch.path,
    memoryMegabytes: 512,
    threads: 2,
  });
  let written = 0;
  const write = (contents: FolderContents, name = `import-${(written += 1)}`): string => {
    const folder = path.join(scratch.path, name);
    mkdirSync(folder, { recursive: true });
    for (const [file, content] of Object.entries(contents)) {
      const target = path.join(folder, file);
      mkdirSync(content === null ? target : path.dirname(target), { recursive: true });
      if (content !== null) writeFileSync(target, content);
    }
    return folder;
  };
  return {
    path: scratch.path,
    write,
    read: async (contents, name) => {
      const folder = write(contents, name);
      return readAll(
        duckDb,
        await findSourceFiles(duckDb, {
          folder,
          scratch: scratch.path,
          needsUsers: true,
          readDeclarations,
        }),
      );
    },
    remove: () => {
      duckDb.close();
      scratch.remove();
    },
  };
}

async function readAll(duckDb: DuckDb, { files, companions }: ImportSources): Promise<FoundTable> {
  const rows: Record<string, Record<string, unknown>[]> = {};
  for (const { table, relation, columns } of files) {
    const values = [...columns].map(
      ([name, { identifier }]) => `CAST(${identifier} AS VARCHAR) AS "${name}"`,
    );
    const found = await duckDb.rows<Record<string, unknown>>(
      `SELECT ${values.join(', ')} FROM ${relation}`,
    );
    (rows[table] ??= []).push(...found);
  }
  return {
    files: files.map(
      ({ table, label, format, compression, ignoredColumns }) =>
        `${table}: ${label} (${format}, ${compression}) [${ignoredColumns.join(', ')}]`,
    ),
    companions,
    rows,
  };
}

export const USERS_CSV = 'user_id,signup_time,plan\nu1,2024-01-01,pro\n';
export const EVENTS_HEADER = 'event_id,user_id,session_id,event_type,event_time';

/** A CSV of user events with these ids. */
export function eventsCsv(...ids: string[]): string {
  const rows = ids.map((id) => `${id},u1,s1,login,2024-01-02`);
  return [EVENTS_HEADER, ...rows, ''].join('\n');
}

/** JSON lines of user events with these ids. */
export function eventsJson(...ids: string[]): string {
  return ids
    .map((id) => ({
      event_id: id,
      user_id: 'u1',
      session_id: 's1',
      event_type: 'login',
      event_time: '2024-01-02',
    }))
    .map((row) => `${JSON.stringify(row)}\n`)
    .join('');
}
