import { randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import type { Logger } from 'pino';
import { appendDurably } from '../../packages/durable-files';
import type { LoggedPrediction } from '../../packages/contracts';

/** Predictions that outlive a process while the database is down. */
export interface PredictionSpool {
  append(rows: readonly LoggedPrediction[]): Promise<void>;
  /** Hands over what is spooled and forgets it once `write` has succeeded. */
  restore(write: (rows: readonly LoggedPrediction[]) => Promise<void>): Promise<void>;
}

/**
 * A spool in `<logsDir>/predictions-spool.jsonl`, one prediction a line. Before it is read it gets
 * a name of its own, so that a process that shuts down meanwhile never appends to a file that is
 * about to go.
 */
export function filePredictionSpool(options: {
  readonly logsDir: string;
  readonly logger: Logger;
}): PredictionSpool {
  const { logsDir, logger } = options;
  const spool = path.join(logsDir, 'predictions-spool.jsonl');
  return {
    append: async (rows) => {
      if (rows.length === 0) return;
      await mkdir(logsDir, { recursive: true });
      await appendDurably(spool, rows.map((row) => `${JSON.stringify(row)}\n`).join(''), 0o600);
    },
    restore: async (write) => {
      const claimed = path.join(logsDir, `predictions-spool.${randomUUID()}.jsonl`);
      await rename(spool, claimed).catch(ignoreMissing);
      for (const name of await claimedSpools(logsDir)) {
        const file = path.join(logsDir, name);
        const { rows, unreadable } = parseLines(await readFile(file, 'utf8'));
        await write(rows);
        await rm(file);
        logger.info({ predictions: rows.length, unreadable }, 'spooled predictions were logged');
      }
    },
  };
}

async function claimedSpools(logsDir: string): Promise<string[]> {
  const names = (await readdir(logsDir).catch(ignoreMissing)) ?? [];
  return names.filter((name) => /^predictions-spool\.[\w-]+\.jsonl$/.test(name)).sort();
}

/** A line cut short by a crash is counted and passed over. */
function parseLines(text: string): { rows: LoggedPrediction[]; unreadable: number } {
  const lines = text.split('\n').filter((line) => line !== '');
  const rows = lines.flatMap((line) => {
    try {
      return [JSON.parse(line) as LoggedPrediction];
    } catch {
      return [];
    }
  });
  return { rows, unreadable: lines.length - rows.length };
}

function ignoreMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
}
