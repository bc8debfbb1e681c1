export { backfill } from './backfill';
export { dailyRun } from './daily-run';
export { restate } from './restate';
export { watchdog } from './watchdog';
