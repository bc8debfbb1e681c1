import { MICROS_PER_DAY, type EpochMicros } from '../../packages/instants';
import type { FeatureSet } from '../../packages/features/feature-set';
import type {
  FeatureDefinition,
  LabelDefinition,
  SourceTable,
  StateDefinition,
  StateEvent,
} from '../../packages/features/language/feature-definition';

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
  readonly state: boolean;
}

/**
 * The features, the label and the state of one user, straight from what their definitions say in words: it scans
 * everything and is clever nowhere. The engine is held against it, for any definitions; what those of
 * the platform mean is written down in numbers, in `golden-boundaries.test.ts`.
 *
 * @returns undefined when the user is not visible at (T, K).
 */
export function naiveVector(
  { features, label, state }: Pick<FeatureSet, 'features' | 'label' | 'state'>,
  tables: RawTables,
  question: OracleQuestion,
): OracleAnswer | undefined {
  const { userId, at, knownAt, batch } = question;
  const isKnown = (row: { userId: string } & Arrival) =>
    row.userId === userId && row.ingestedAt <= knownAt && row.batch <= batch;
  const visibleRows = (source: SourceTable) =>
    rowsOf(tables, source).filter((row) => isKnown(row) && row.eventTime <= at);
  const user = tables.users.find((row) => isKnown(row) && row.signupTime <= at);
  if (!user) return undefined;
  const values = features.map((feature) => {
    const rows = visibleRows(feature.source).filter(
      (row) =>
        (feature.windowDays === undefined || row.eventTime > at - days(feature.windowDays)) &&
        (feature.eventType === undefined || row.eventType === feature.eventType),
    );
    const byDefault = rows.length === 0 ? feature.default : undefined;
    return [feature.name, byDefault ?? naiveValue(feature, rows, { at, user })] as const;
  });
  return {
    features: Object.fromEntries(values),
    label: naiveLabel(label, tables, question),
    state: naiveState(state, visibleRows),
  };
}

/** A row of any source; what a source does not have is absent. */
type Row = { userId: string; eventTime: EpochMicros } & Arrival &
  Partial<Record<'eventType' | 'sessionId' | 'plan' | 'changeId', string>> & {
    readonly amountCents?: bigint;
  };

function rowsOf(tables: RawTables, source: SourceTable): readonly Row[] {
  const { userEvents, billingEvents, planChanges } = tables;
  return { user_events: userEvents, billing_events: billingEvents, plan_changes: planChanges }[
    source
  ];
}

/** What the rows in force come to, where nothing else is the default. */
function naiveValue(
  { aggregate, dividedBy = 1 }: FeatureDefinition,
  rows: readonly Row[],
  { at, user }: { at: EpochMicros; user: RawTables['users'][number] },
): number | boolean {
  switch (aggregate.kind) {
    case 'count':
      return rows.length / dividedBy;
    case 'count-distinct':
      return new Set(rows.map((row) => row.sessionId)).size / dividedBy;
    case 'sum':
      return Number(rows.reduce((sum, row) => sum + row.amountCents!, 0n)) / dividedBy;
    case 'days-since-last': {
      const last = [...rows].sort(byTimeThenId).at(-1)?.eventTime ?? user.signupTime;
      return Number((at - last) / MICROS_PER_DAY);
    }
    case 'latest-equals':
      return ([...rows].sort(byTimeThenId).at(-1)?.plan ?? user.plan) === aggregate.equals;
  }
}

function naiveLabel(
  { horizonDays, silentIn, cancelledBy }: LabelDefinition,
  tables: RawTables,
  question: OracleQuestion,
): boolean | null {
  const { userId, at, labelKnownAt, labelBatch, completeThrough } = question;
  const end = at + days(horizonDays);
  if (completeThrough === null || end > labelKnownAt || end > completeThrough) return null;
  const following = (source: SourceTable) =>
    rowsOf(tables, source).filter(
      (row) =>
        row.userId === userId &&
        row.eventTime > at &&
        row.eventTime <= end &&
        row.ingestedAt <= labelKnownAt &&
        row.batch <= labelBatch,
    );
  const isSilent = following(silentIn).length === 0;
  const cancellations = following(cancelledBy.source);
  return isSilent || cancellations.some((row) => row.eventType === cancelledBy.eventType);
}

function naiveState(
  { endedBy, resumedBy }: StateDefinition,
  visibleRows: (source: SourceTable) => readonly Row[],
): boolean {
  const timesOf = ({ source, eventType }: StateEvent) =>
    visibleRows(source)
      .filter((row) => eventType === undefined || row.eventType === eventType)
      .map((row) => row.eventTime);
  const [latest] = timesOf(endedBy).sort((a, b) => (a < b ? 1 : -1));
  if (latest === undefined) return true;
  return resumedBy.some((event) =>
    timesOf(event).some((time) => time > latest + days(event.afterDays ?? 0)),
  );
}

function days(count: number): bigint {
  return BigInt(count) * MICROS_PER_DAY;
}

function byTimeThenId(a: Row, b: Row): number {
  if (a.eventTime !== b.eventTime) return a.eventTime < b.eventTime ? -1 : 1;
  return Buffer.compare(Buffer.from(a.changeId ?? ''), Buffer.from(b.changeId ?? ''));
}
