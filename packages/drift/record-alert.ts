import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import type { Alert, InstantText } from '../contracts';
import { asDatabaseError, type Database } from '../database';
import { appendDurably, asStorageError, readTextIfThere } from '../durable-files';

export interface RecordAlertOptions {
  readonly database: Database;
  readonly logsDir: string;
  readonly alert: Alert;
  readonly raisedAt: InstantText;
  /** Told of a new alert, also of one of which only the row or only the line could be written. */
  readonly onNew?: (alert: Alert) => void;
}

/**
 * Raises an alert once: a row in ops.alerts and a line in `alerts.jsonl`. True when it is new.
 *
 * The row decides what is new. The line is written inside its transaction and only if the file
 * does not have the key yet: killed after the line, the row is rolled back, and the next attempt
 * finds the line there; a line that got lost is written by the next attempt, which returns false.
 * Attempts with the same key wait for each other at the row.
 *
 * Where one of the two can't be written, the other one is: a full disk, or a database that is down, is
 * what alerts are about. The next attempt with the key adds what is missing.
 *
 * @throws ChurnError POSTGRES_UNAVAILABLE when there is no row, STORAGE_UNAVAILABLE when there is no
 *   line.
 */
export async function recordAlert(options: RecordAlertOptions): Promise<boolean> {
  const { database, logsDir, alert, raisedAt, onNew } = options;
  let lineFailure: Error | undefined;
  let isNew: boolean;
  try {
    isNew = await database.sql.begin(async (tx) => {
      const inserted = await tx`
        insert into ops.alerts (key, kind, severity, date, message, details, raised_at)
        values (${alert.key}, ${alert.kind}, ${alert.severity}, ${alert.date}, ${alert.message},
          ${JSON.stringify(alert.details)}::text::jsonb, ${raisedAt}::timestamptz)
        on conflict (key) do nothing
        returning key`;
      await appendOnce(logsDir, alert, raisedAt).catch((error: Error) => (lineFailure = error));
      return inserted.length > 0;
    });
  } catch (error) {
    const isNewLine = await appendOnce(logsDir, alert, raisedAt).catch(() => false);
    if (isNewLine) onNew?.(alert);
    throw asDatabaseError(error);
  }
  if (isNew) onNew?.(alert);
  if (lineFailure) throw lineFailure;
  return isNew;
}

/** Returns whether the file did not have the alert yet. */
async function appendOnce(logsDir: string, alert: Alert, raisedAt: InstantText): Promise<boolean> {
  const file = path.join(logsDir, 'alerts.jsonl');
  try {
    await mkdir(logsDir, { recursive: true });
    const text = (await readTextIfThere(file)) ?? '';
    if (hasKey(text, alert.key)) return false;
    const { key, ...rest } = alert;
    const line = JSON.stringify({ key, raised_at: raisedAt, ...rest });
    // A line that a crash cut off stays by itself.
    const start = text === '' || text.endsWith('\n') ? '' : '\n';
    await appendDurably(file, `${start}${line}\n`);
    return true;
  } catch (error) {
    throw asStorageError(error);
  }
}

/** Lines begin with the key, and whole lines end in a newline. */
function hasKey(text: string, key: string): boolean {
  const start = `{"key":${JSON.stringify(key)},`;
  const at = text.startsWith(start) ? 0 : text.indexOf(`\n${start}`);
  return at >= 0 && text.includes('\n', at + start.length);
}
