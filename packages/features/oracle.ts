import { MICROS_PER_DAY, type EpochMicros } from '../instants';

interface Arrival {
  readonly ingestedAt: EpochMicros;
  readonly batch: number;
}

/** The raw tables as arrays, in any order. */
export interface RawTables {
  readonly users: readonly ({ userId: string; signupTime: EpochMicros; plan: string } & Arrival)[];
  readonly planChanges: readonly ({
    changeId: string;
    userId: string;
    plan: string;
    eventTime: EpochMicros;
  } & Arrival)[];
  readonly userEvents: readonly ({
    userId: string;
    sessionId: string;
    eventType: string;
    eventTime: EpochMicros;
  } & Arrival)[];
  readonly billingEvents: readonly ({
    userId: string;
    eventType: string;
    amountCents: bigint;
    eventTime: EpochMicros;
  } & Arrival)[];
}

interface OracleQuestion {
  readonly userId: string;
  /** T. */
  readonly at: EpochMicros;
  /** K and S. */
  readonly knownAt: EpochMicros;
  readonly batch: number;
  /** L, its S, and how far the source was complete in it. */
  readonly labelKnownAt: EpochMicros;
  readonly labelBatch: number;
  readonly completeThrough: EpochMicros | null;
}

export interface OracleAnswer {
  readonly features: Readonly<Record<string, number | boolean>>;
  readonly label: boolean | null;
}

/**
 * The seven columns of one user, straight from their definitions: it scans everything and is clever
 * nowhere. The engine is held against it. It knows nothing of definitions/, on purpose.
 *
 * @returns undefined when the user is not visible at (T, K).
 */
export function naiveVector(tables: RawTables, question: OracleQuestion): OracleAnswer | undefined {
  const { userId, at, knownAt, batch } = question;
  const visible = <R extends { userId: string } & Arrival>(
    rows: readonly R[],
    when: (row: R) => EpochMicros,
  ) =>
    rows.filter(
      (row) =>
        row.userId === userId && when(row) <= at && row.ingestedAt <= knownAt && row.batch <= batch,
    );
  const [user] = visible(tables.users, (row) => row.signupTime);
  if (!user) return undefined;

  const events = visible(tables.userEvents, (row) => row.eventTime);
  const bills = visible(tables.billingEvents, (row) => row.eventTime);
  const changes = visible(tables.planChanges, (row) => row.eventTime);
  const within = <R extends { eventTime: EpochMicros }>(rows: readonly R[], days: bigint) =>
    rows.filter((row) => row.eventTime > at - days * MICROS_PER_DAY);
  const sessions = (days: bigint) => new Set(within(events, days).map((row) => row.sessionId)).size;
  const ofType = <R extends { eventType: string }>(rows: readonly R[], type: string) =>
    rows.filter((row) => row.eventType === type);

  const lastLogin = ofType(events, 'login').reduce(
    (latest, row) => (row.eventTime > latest ? row.eventTime : latest),
    -(2n ** 63n),
  );
  const seen = ofType(events, 'login').length > 0 ? lastLogin : user.signupTime;
  const spentCents = ofType(within(bills, 90n), 'charge_succeeded').reduce(
    (total, row) => total + row.amountCents,
    0n,
  );
  const inForce = [...changes].sort(byTimeThenId).at(-1)?.plan ?? user.plan;
  return {
    features: {
      avg_sessions_7d: sessions(7n) / 7,
      sessions_30d: sessions(30n),
      days_since_last_login: Number((at - seen) / MICROS_PER_DAY),
      failed_payments_30d: ofType(within(bills, 30n), 'charge_failed').length,
      total_spend_90d: Number(spentCents) / 100,
      is_pro_plan: inForce === 'pro',
    },
    label: naiveLabel(tables, question),
  };
}

function naiveLabel(tables: RawTables, question: OracleQuestion): boolean | null {
  const { userId, at, labelKnownAt, labelBatch, completeThrough } = question;
  const end = at + 30n * MICROS_PER_DAY;
  if (completeThrough === null || end > labelKnownAt || end > completeThrough) return null;
  const follows = <R extends { userId: string; eventTime: EpochMicros } & Arrival>(row: R) =>
    row.userId === userId &&
    row.eventTime > at &&
    row.eventTime <= end &&
    row.ingestedAt <= labelKnownAt &&
    row.batch <= labelBatch;
  const isSilent = !tables.userEvents.some(follows);
  const isCancelled = tables.billingEvents.some(
    (row) => row.eventType === 'subscription_cancelled' && follows(row),
  );
  return isSilent || isCancelled;
}

function byTimeThenId(
  a: { eventTime: EpochMicros; changeId: string },
  b: { eventTime: EpochMicros; changeId: string },
): number {
  if (a.eventTime !== b.eventTime) return a.eventTime < b.eventTime ? -1 : 1;
  return Buffer.compare(Buffer.from(a.changeId), Buffer.from(b.changeId));
}
