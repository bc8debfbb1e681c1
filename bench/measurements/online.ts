import { addDays } from '../../packages/instants/logical-date';
import type { Application } from '../../packages/application/application';
import { acceptWorld } from '../world/accept-world';
import { runBackfill } from '../world/run-backfill';
import { quietly, withInstallation } from '../world/with-installation';
import {
  formatCount,
  formatRate,
  secondsOf,
  budgetVerdict,
  type BenchOptions,
  type Row,
} from './measurement';

const START = '2024-01-01';
const DAYS = 10;
const VECTORS_PER_SECOND = 100_000;

/** One partition of 100,000 users into an empty Redis, and the audit that reads all of it back. */
export async function measureOnline(options: BenchOptions): Promise<Row[]> {
  const { scratch, manyUsers: users, ids, rounds, note } = options;
  const services = ['postgres', 'redis'] as const;
  return withInstallation({ scratch, services }, async (application) => {
    note(`sync and audit: publishing a day of ${formatCount(users)} users`);
    await acceptWorld(application, { users, days: DAYS, start: START, seed: 45, ids });
    const date = addDays(START, DAYS);
    await runBackfill(application, { id: 'online', from: date, to: date });
    const syncs: number[] = [];
    const audits: number[] = [];
    for (let round = 1; round <= rounds; round += 1) {
      note(`sync and audit: round ${round}`);
      await application.adapters.redis.flushall();
      syncs.push(await sync(application, users));
      audits.push(await audit(application, users));
    }
    return [rowOf('Redis sync', users, syncs), rowOf('full online audit', users, audits)];
  });
}

async function sync({ services }: Application, users: number): Promise<number> {
  return secondsOf(async () => {
    const report = await services.sync(quietly);
    if (report?.written !== users) throw new Error(`${report?.written} of ${users} users synced`);
  });
}

async function audit({ services }: Application, users: number): Promise<number> {
  return secondsOf(async () => {
    const report = await services.audit('online', quietly);
    if (!('equal' in report) || report.equal !== users) {
      throw new Error(`the audit found a difference: ${JSON.stringify(report)}`);
    }
  });
}

function rowOf(name: string, users: number, seconds: readonly number[]): Row {
  const best = Math.min(...seconds);
  return {
    what: `${name}, ${formatCount(users)} vectors`,
    ours: formatRate(users, best),
    peer: '',
    ratio: '',
    budget: `≥ ${formatCount(VECTORS_PER_SECOND)} vectors/s`,
    verdict: budgetVerdict(users / best >= VECTORS_PER_SECOND),
  };
}
