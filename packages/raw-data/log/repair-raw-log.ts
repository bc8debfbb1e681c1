import { rm } from 'node:fs/promises';
import type { AuditReport } from '../../contracts';
import { auditRawLog, compareLog, describeDamage } from './audit-raw-log';
import { requireHeld } from './merge-log';
import { holdingLog, readLogOnDisk, requireOwner, syncHeld, type RawLogOptions } from './raw-log';

export interface RawRepair {
  /** Everything that was damaged, gone or different, in the words of the audit. */
  readonly found: readonly string[];
  /** What an audit finds afterwards. */
  readonly audit: AuditReport;
}

/**
 * Makes the raw log again from Postgres wherever it differs: segments that can't be read, that are
 * gone, or whose rows of a batch are not those of Postgres. Others keep their bytes. Readers keep what
 * they began with. Killed anywhere, it leaves what the next `syncRawLog` makes whole.
 *
 * @throws ChurnError as `syncRawLog`
 */
export async function repairRawLog(options: RawLogOptions): Promise<RawRepair> {
  const found = await holdingLog(options, async (tx, rawLogDir) => {
    const held = { ...options, rawLogDir };
    // A folder that is another installation's, or that nobody owns yet, is left as it is.
    if (!(await requireOwner(tx, rawLogDir))) return [];
    const log = await readLogOnDisk(rawLogDir);
    const { damage } = await compareLog(held, log);
    // Comparing may take minutes without a query, and another one may hold the log by now.
    await requireHeld(tx);
    for (const { table, firstBatch, lastBatch } of damage) {
      const segments = log.segments[table].filter(
        (segment) => segment.firstBatch <= lastBatch && segment.lastBatch >= firstBatch,
      );
      // Whatever is gone is mirrored anew.
      for (const { file } of segments) await rm(file, { force: true });
    }
    await syncHeld(tx, held);
    return describeDamage(held, log, damage);
  });
  return { found, audit: await auditRawLog(options) };
}
