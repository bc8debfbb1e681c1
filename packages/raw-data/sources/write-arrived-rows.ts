import { open } from 'node:fs/promises';
import path from 'node:path';
import type { ArrivedRows } from './arrived-rows';
import { csvRelation } from './csv-source';
import type { LoadProgress } from '../load-progress';
import { rawTableNames, type RawTable } from '../raw-tables';
import type { SourceFile } from './source-file';

type Cell = string | number | bigint | null;

interface RowFormat {
  readonly header: readonly string[];
  readonly lines: (rows: ArrivedRows) => Iterable<readonly Cell[]>;
}

/** Synthetic worlds have no attributes. */
type GeneratedTable = Exclude<RawTable, 'user_attributes'>;

const formats: Readonly<Record<GeneratedTable, RowFormat>> = {
  users: {
    header: ['user_id', 'signup_time', 'plan', 'country', 'ingested_at'],
    *lines({ users }) {
      for (const row of users) {
        yield [row.userId, row.signupTime, row.plan, row.country, row.ingestedAt];
      }
    },
  },
  plan_changes: {
    header: ['change_id', 'user_id', 'plan', 'event_time', 'ingested_at'],
    *lines({ planChanges }) {
      for (const row of planChanges) {
        yield [row.changeId, row.userId, row.plan, row.eventTime, row.ingestedAt];
      }
    },
  },
  user_events: {
    header: ['event_id', 'user_id', 'session_id', 'event_type', 'event_time', 'ingested_at'],
    *lines({ userEvents }) {
      for (const row of userEvents) {
        const { eventId, userId, sessionId, eventType, eventTime, ingestedAt } = row;
        yield [eventId, userId, sessionId, eventType, eventTime, ingestedAt];
      }
    },
  },
  billing_events: {
    header: [
      'event_id',
      'user_id',
      'event_type',
      'amount_cents',
      'currency',
      'event_time',
      'ingested_at',
    ],
    *lines({ billingEvents }) {
      for (const row of billingEvents) {
        const { eventId, userId, eventType, amountCents, currency, eventTime, ingestedAt } = row;
        yield [eventId, userId, eventType, amountCents, currency, eventTime, ingestedAt];
      }
    },
  },
};

interface Watch {
  readonly onProgress?: (progress: LoadProgress) => void;
  /** Its abort ends the writing. */
  readonly signal?: AbortSignal;
}

const CHUNK_CHARACTERS = 1 << 20;

/**
 * Writes generated rows as CSV files into `folder`, table by table and a mebibyte at a time, so
 * that a year never lies in memory and the event loop keeps turning. Times are epoch microseconds.
 */
export async function writeArrivedRows(
  rows: ArrivedRows,
  options: { folder: string } & Watch,
): Promise<SourceFile[]> {
  const sources: SourceFile[] = [];
  for (const table of rawTableNames) {
    if (table === 'user_attributes') continue;
    const file = path.join(options.folder, `${table}.csv`);
    await writeTable(rows, table, { ...options, file });
    sources.push(sourceOf(table, file));
  }
  return sources;
}

function sourceOf(table: GeneratedTable, file: string): SourceFile {
  const { header } = formats[table];
  const columns = header.map((name, index) => {
    return [name, { identifier: `"c${index}"`, times: 'micros' }] as const;
  });
  return {
    table,
    label: table,
    format: 'csv',
    compression: 'none',
    relation: csvRelation(file, header.length),
    columns: new Map(columns),
    properties: new Map(),
    attributes: new Map(),
    ignoredColumns: [],
  };
}

async function writeTable(
  rows: ArrivedRows,
  table: GeneratedTable,
  options: { file: string } & Watch,
): Promise<void> {
  const { header, lines } = formats[table];
  const handle = await open(options.file, 'w');
  try {
    let chunk = `${header.join(',')}\n`;
    let count = 0;
    for (const cells of lines(rows)) {
      chunk += `${cells.map(toCsv).join(',')}\n`;
      count += 1;
      if (chunk.length < CHUNK_CHARACTERS) continue;
      await handle.write(chunk);
      chunk = '';
      options.signal?.throwIfAborted();
      options.onProgress?.({ table, phase: 'reading', rows: count });
    }
    await handle.write(chunk);
    options.onProgress?.({ table, phase: 'reading', rows: count });
  } finally {
    await handle.close();
  }
}

function toCsv(cell: Cell): string {
  if (typeof cell !== 'string') return cell === null ? '' : String(cell);
  return /[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
}
