import path from 'node:path';
import { addDays } from '../../packages/instants/logical-date';
import { runForReport } from '../peers/run-peer';
import { acceptWorld, mergeWorld } from '../world/accept-world';
import { countVectors } from '../world/run-backfill';
import { withInstallation } from '../world/with-installation';
import {
  formatCount,
  formatGiB,
  formatRate,
  budgetVerdict,
  type BenchOptions,
  type Row,
} from './measurement';

const START = '2024-01-01';
const USERS = 1_000_000;
const DAYS = 61;
const BACKFILLED_DAYS = 31;
const MEMORY_BUDGET_GIB = 4;

/** A million users, a month of partitions after a month of events: memory has to stay bounded. */
export async function measureScale({ scratch, ids, note }: BenchOptions): Promise<Row[]> {
  return withInstallation({ scratch, services: ['postgres'] }, async (application) => {
    note(`scale: writing a world of ${formatCount(USERS)} users × ${DAYS} days`);
    const world = { users: USERS, days: DAYS, start: START, seed: 47, ids };
    const { user_events: events } = await acceptWorld(application, world);
    await mergeWorld(application);
    const to = addDays(START, DAYS);
    const range = { from: addDays(to, 1 - BACKFILLED_DAYS), to };
    note(`scale: backfilling ${BACKFILLED_DAYS} days from ${formatCount(events)} events`);
    const script = path.resolve(__dirname, '../backfill-once.js');
    const args = [script, application.adapters.paths.root, range.from, range.to];
    const { seconds, peakRssBytes } = await runForReport(process.execPath, args);
    const vectors = await countVectors(application, range);
    const shape = `${formatCount(USERS)} users × ${BACKFILLED_DAYS} days, ${formatCount(events)} events`;
    const isBounded = peakRssBytes <= MEMORY_BUDGET_GIB * 2 ** 30;
    return [
      row(`scale: ${shape}, ${formatCount(vectors)} vectors`, formatRate(vectors, seconds)),
      {
        ...row('scale: peak memory', formatGiB(peakRssBytes)),
        budget: `≤ ${MEMORY_BUDGET_GIB} GiB`,
        verdict: budgetVerdict(isBounded),
      },
    ];
  });
}

function row(what: string, ours: string): Row {
  return { what, ours, peer: '', ratio: '', budget: '', verdict: '' };
}
