import { rm, stat } from 'node:fs/promises';
import { copyIn, type TransactionSql } from '../../database';
import type { LoadProgress } from '../load-progress';
import { rawTables, type RawTable } from '../raw-tables';
import type { PreparedTable } from './prepare-load';
import type { RowSplit } from './split-rows';
import { stagingName } from './staging';

const ROWS_PER_COPY = 491_520;

/**
 * Copies the rows of a table, some at a time: while Postgres takes one part, DuckDB writes the next
 * one, and Postgres looks for the users of one part at its end.
 *
 * @returns how many were certain, and are in the table now; the others are staged.
 */
export async function copyRows(
  tx: TransactionSql,
  load: {
    prepared: PreparedTable;
    split: RowSplit;
    rowsPerCopy?: number;
    onProgress?: (progress: LoadProgress) => void;
  },
): Promise<number> {
  const { split, rowsPerCopy = ROWS_PER_COPY, onProgress } = load;
  const { table, parts } = load.prepared;
  const total = parts.reduce((sum, { rows }) => sum + rows, 0);
  const write = (after: number) => split.write(after, after + rowsPerCopy);
  let certain = 0;
  let next = write(0);
  for (let after = 0; after < total; after += rowsPerCopy) {
    const part = await next;
    const isLast = after + rowsPerCopy >= total;
    if (!isLast) next = write(after + rowsPerCopy);
    try {
      const { size } = await stat(part.certain.file);
      const onBytes = (bytes: number) => {
        const rows = after + Math.round((part.certain.rows * bytes) / size);
        onProgress?.({ table, phase: 'copying', rows, total });
      };
      if (part.certain.rows > 0) {
        await copyIn(tx, copyStatement(table), part.certain.file, onBytes);
      }
      if (part.doubtful.rows > 0) {
        await copyIn(tx, `COPY ${stagingName(table)} FROM STDIN (FORMAT csv)`, part.doubtful.file);
      }
    } finally {
      await next.catch(() => {}); // DuckDB must not be closed while it writes.
    }
    certain += part.certain.rows;
    await Promise.all([part.certain, part.doubtful].map(({ file }) => rm(file)));
    onProgress?.({ table, phase: 'copying', rows: Math.min(after + rowsPerCopy, total), total });
  }
  return certain;
}

function copyStatement(table: RawTable): string {
  const names = rawTables[table].columns.map((column) => column.name).join(', ');
  return `COPY raw_data.${table} (${names}, ingested_at, batch) FROM STDIN (FORMAT csv)`;
}
