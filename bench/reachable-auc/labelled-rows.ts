import { MICROS_PER_DAY } from '../../packages/instants/epoch-micros';
import { dayNumber, type LogicalDate } from '../../packages/instants/logical-date';
import { generateArrivals } from '../../packages/synthetic/generate-arrivals';
import type { SyntheticWorld } from '../../packages/contracts/synthetic-world';

export const featureNames = [
  'avg_sessions_7d',
  'sessions_30d',
  'days_since_last_login',
  'failed_payments_30d',
  'total_spend_90d',
  'is_pro_plan',
] as const;

/** An active user at one T: the six features as served (K = T + 1 h), and the label. */
export interface LabelledRow {
  /** The user's place in the order of signups, from 0. */
  readonly user: number;
  readonly date: LogicalDate;
  readonly features: readonly number[];
  readonly churned: boolean;
  /** False for those who have left: they are not eligible. */
  readonly isSubscribed: boolean;
}

/** Times in microseconds as doubles: exact here, and bigints would take ten times as long. */
interface Occurrence {
  readonly time: number;
  readonly arrival: number;
}

interface UserRows {
  readonly place: number;
  readonly signupTime: number;
  readonly planAtSignup: string;
  readonly events: readonly (Occurrence & { sessionId: string; isLogin: boolean })[];
  readonly billing: readonly (Occurrence & { type: string; cents: number })[];
  readonly changes: readonly (Occurrence & { plan: string })[];
}

const DAY = Number(MICROS_PER_DAY);
const HOUR = DAY / 24;

/**
 * The rows of active users (a user event in `(T − 30 d, T]`) of a world at midnight of each date, computed
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
function* histories(world: SyntheticWorld, through: bigint): Generator<UserRows> {
  const arrived = generateArrivals(world, { after: 0n, through });
  const events = byUser(arrived.userEvents);
  const billing = byUser(arrived.billingEvents);
  const changes = byUser(arrived.planChanges);
  let place = 0;
  for (const { userId, signupTime, plan } of arrived.users) {
    yield {
      place,
      signupTime: Number(signupTime),
      planAtSignup: plan,
      events: events(userId).map((row) => ({
        ...occurrenceOf(row),
        sessionId: row.sessionId,
        isLogin: row.eventType === 'login',
      })),
      billing: billing(userId).map((row) => ({
        ...occurrenceOf(row),
        type: row.eventType,
        cents: row.amountCents,
      })),
      changes: changes(userId).map((row) => ({ ...occurrenceOf(row), plan: row.plan })),
    };
    place += 1;
  }
}

function occurrenceOf(row: { eventTime: bigint; ingestedAt: bigint }): Occurrence {
  return { time: Number(row.eventTime), arrival: Number(row.ingestedAt) };
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

function rowAt(history: UserRows, date: LogicalDate): LabelledRow | undefined {
  const time = dayNumber(date) * DAY;
  const isWithin = (days: number) => (one: Occurrence) =>
    one.time > time - days * DAY && one.time <= time && one.arrival <= time + HOUR;
  const isInLabelWindow = (one: Occurrence) => one.time > time && one.time <= time + 30 * DAY;
  const lately = history.events.filter(isWithin(30));
  if (history.signupTime > time || lately.length === 0) return undefined;

  const sessionsOf = (events: readonly { sessionId: string }[]): number =>
    new Set(events.map((event) => event.sessionId)).size;
  const billed = history.billing.filter(isWithin(90));
  const cancels = history.billing.some(
    (row) => row.type === 'subscription_cancelled' && isInLabelWindow(row),
  );
  return {
    user: history.place,
    date,
    features: [
      sessionsOf(lately.filter(isWithin(7))) / 7,
      sessionsOf(lately),
      Math.floor((time - lastLogin(history, isWithin(Infinity))) / DAY),
      billed.filter((row) => row.type === 'charge_failed' && isWithin(30)(row)).length,
      billed.reduce((sum, row) => sum + (row.type === 'charge_succeeded' ? row.cents : 0), 0) / 100,
      planAt(history, isWithin(Infinity)) === 'pro' ? 1 : 0,
    ],
    churned: cancels || !history.events.some(isInLabelWindow),
    isSubscribed: isSubscribed(history, isWithin(Infinity)),
  };
}

function lastLogin(
  { events, signupTime }: UserRows,
  isVisible: (one: Occurrence) => boolean,
): number {
  const logins = events.filter((event) => event.isLogin && isVisible(event));
  return logins.reduce((last, { time }) => Math.max(last, time), signupTime);
}

function planAt(
  { changes, planAtSignup }: UserRows,
  isVisible: (one: Occurrence) => boolean,
): string {
  return changes.filter(isVisible).at(-1)?.plan ?? planAtSignup;
}

/** Not after a cancellation, unless the user has come back since: a final invoice is no return. */
function isSubscribed(
  { billing, changes }: UserRows,
  isVisible: (one: Occurrence) => boolean,
): boolean {
  const billed = billing.filter(isVisible);
  const timesOf = (type: string) =>
    billed.filter((row) => row.type === type).map(({ time }) => time);
  const cancelledAt = Math.max(...timesOf('subscription_cancelled'));
  if (cancelledAt === -Infinity) return true;
  return (
    timesOf('subscription_started').some((time) => time > cancelledAt) ||
    changes.filter(isVisible).some(({ time }) => time > cancelledAt) ||
    timesOf('charge_succeeded').some((time) => time > cancelledAt + 3 * DAY)
  );
}
