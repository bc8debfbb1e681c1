import {
  dayNumber,
  MICROS_PER_DAY,
  MICROS_PER_HOUR,
  type LogicalDate,
} from '../../packages/instants';
import {
  generateArrivals,
  type BillingEventRow,
  type PlanChangeRow,
  type SyntheticWorld,
  type UserEventRow,
  type UserRow,
} from '../../packages/synthetic';

export const featureNames = [
  'avg_sessions_7d',
  'sessions_30d',
  'days_since_last_login',
  'failed_payments_30d',
  'total_spend_90d',
  'is_pro_plan',
] as const;

/** An eligible user at one T: the six features as served (K = T + 1 h), and the label. */
export interface LabelledRow {
  readonly user: string;
  readonly date: LogicalDate;
  readonly features: readonly number[];
  readonly churned: boolean;
}

interface History {
  readonly user: UserRow;
  readonly events: readonly UserEventRow[];
  readonly billing: readonly BillingEventRow[];
  readonly changes: readonly PlanChangeRow[];
}

/**
 * The eligible rows (a user event in `(T − 30 d, T]`) of a world at midnight of each date, computed
 * straight from the definitions of the design, §5, without the platform's engine.
 */
export function* labelledRows(
  world: SyntheticWorld,
  dates: readonly LogicalDate[],
): Generator<LabelledRow> {
  const lastDay = Math.max(...dates.map(dayNumber)) + 55;
  for (const history of histories(world, BigInt(lastDay) * MICROS_PER_DAY)) {
    for (const date of dates) {
      const row = rowAt(history, date);
      if (row !== undefined) yield row;
    }
  }
}

/** Tables come by user, so that one user at a time is held. */
function* histories(world: SyntheticWorld, through: bigint): Generator<History> {
  const arrived = generateArrivals(world, { after: 0n, through });
  const events = byUser(arrived.userEvents);
  const billing = byUser(arrived.billingEvents);
  const changes = byUser(arrived.planChanges);
  for (const user of arrived.users) {
    const { userId } = user;
    yield { user, events: events(userId), billing: billing(userId), changes: changes(userId) };
  }
}

function byUser<Row extends { userId: string }>(rows: Iterable<Row>): (userId: string) => Row[] {
  const iterator = rows[Symbol.iterator]();
  let next = iterator.next();
  return (userId) => {
    const own: Row[] = [];
    while (next.done !== true && next.value.userId === userId) {
      own.push(next.value);
      next = iterator.next();
    }
    return own;
  };
}

function rowAt(
  { user, events, billing, changes }: History,
  date: LogicalDate,
): LabelledRow | undefined {
  const time = BigInt(dayNumber(date)) * MICROS_PER_DAY;
  const isVisible = (row: { eventTime: bigint; ingestedAt: bigint }): boolean =>
    row.eventTime <= time && row.ingestedAt <= time + MICROS_PER_HOUR;
  const daysBefore = (row: { eventTime: bigint }): number =>
    Number(time - row.eventTime) / Number(MICROS_PER_DAY);
  const seen = events.filter((event) => isVisible(event) && daysBefore(event) < 30);
  if (user.signupTime > time || seen.length === 0) return undefined;

  const sessionsWithin = (days: number): number =>
    new Set(seen.filter((event) => daysBefore(event) < days).map((event) => event.sessionId)).size;
  const logins = events.filter((event) => event.eventType === 'login' && isVisible(event));
  const since = [{ eventTime: user.signupTime }, ...logins].map(daysBefore);
  const lastLogin = logins.length > 0 ? Math.min(...since.slice(1)) : since[0]!;
  const paid = billing.filter(isVisible);
  const failed = paid.filter((row) => row.eventType === 'charge_failed' && daysBefore(row) < 30);
  const spent = paid
    .filter((row) => row.eventType === 'charge_succeeded' && daysBefore(row) < 90)
    .reduce((total, row) => total + row.amountCents, 0);
  const plan = changes.filter(isVisible).at(-1)?.plan ?? user.plan;

  const isInLabelWindow = (row: { eventTime: bigint }): boolean =>
    row.eventTime > time && row.eventTime <= time + 30n * MICROS_PER_DAY;
  const cancels = billing.some(
    (row) => row.eventType === 'subscription_cancelled' && isInLabelWindow(row),
  );
  return {
    user: user.userId,
    date,
    features: [
      sessionsWithin(7) / 7,
      sessionsWithin(30),
      Math.floor(lastLogin),
      failed.length,
      spent / 100,
      plan === 'pro' ? 1 : 0,
    ],
    churned: cancels || !events.some(isInLabelWindow),
  };
}
