/** Says in the log of the process that a part of the raw log was damaged or lost, and is made again. */
export function warnOfRepair(what: string): void {
  process.emitWarning(`The raw log is made again from Postgres where it is not whole: ${what}.`, {
    code: 'RAW_LOG_REPAIRED',
  });
}
