import {
  bigint,
  boolean,
  doublePrecision,
  index,
  integer,
  jsonb,
  pgSchema,
  primaryKey,
  text,
  uuid,
} from 'drizzle-orm/pg-core';
import { bytewiseText, instant } from './column-types';

/** What the platform keeps about itself. */
export const ops = pgSchema('ops');

/** One row: whose data this is. `source` is chosen by the first load and never changes. */
export const installation = ops.table('installation', {
  singleton: boolean('singleton').primaryKey().default(true),
  id: uuid('id').notNull(),
  currency: text('currency').notNull(),
  /** Decimals of the amounts; null: an earlier release stored them, in hundredths. */
  minorUnitDigits: integer('minor_unit_digits'),
  source: text('source').$type<'synthetic' | 'import'>(),
  /** The synthetic world, recorded by the first generate; without a version it is of the first. */
  world: jsonb('world').$type<{ version?: number; seed: number; users: number; start: string }>(),
  /** Synthetic sources: arrivals up to this instant are loaded (D 01:00Z); it is also *now*. */
  loadedThrough: instant('loaded_through'),
});

/** One row per load, numbered in commit order. */
export const loadBatches = ops.table('load_batches', {
  batch: integer('batch').primaryKey(),
  source: text('source').notNull(),
  /** Where arrival times come from: the source carried them, event_time stood in, or load time. */
  arrival: text('arrival').$type<'carried' | 'assumed' | 'now'>().notNull(),
  committedAt: instant('committed_at').notNull(),
  /** How far this load says the source is complete; null when it had no user events. */
  completeThrough: instant('complete_through'),
  loaded: jsonb('loaded').$type<Record<string, number>>().notNull(),
  unchanged: jsonb('unchanged').$type<Record<string, number>>().notNull(),
  rejected: jsonb('rejected').$type<Record<string, number>>().notNull(),
  /** What the load's report warned of; null of loads of former releases. */
  warnings: jsonb('warnings').$type<Record<string, unknown>[]>(),
});

/** Subfolders of CHURN_IMPORT_DIR that were loaded, each once. */
export const importedFolders = ops.table('imported_folders', {
  name: text('name').primaryKey(),
  batch: integer('batch').notNull(),
});

/**
 * Who holds an advisory lock for long, told by the holder while its process lives. A row that was left
 * by a process that is gone says nothing, as its session holds nothing.
 */
export const lockLeases = ops.table('lock_leases', {
  lockKey: integer('lock_key').primaryKey(),
  /** The session of the holder's transaction. */
  backendPid: integer('backend_pid').notNull(),
  backendStart: instant('backend_start').notNull(),
  /** What the holder says of its work. */
  state: jsonb('state').$type<Record<string, unknown>>().notNull(),
  startedAt: instant('started_at').notNull(),
  renewedAt: instant('renewed_at').notNull(),
  /** When another process ended that session, because the lease was not renewed. */
  endedAt: instant('ended_at'),
});

/**
 * The ledger: one row per (dataset, date). A claim is `status = running` with a fencing token and
 * an expiry; the token grows with every claim. It can be rebuilt from the manifests.
 */
export const partitionRuns = ops.table(
  'partition_runs',
  {
    dataset: text('dataset').notNull(),
    date: text('date').notNull(),
    status: text('status').$type<'running' | 'succeeded' | 'failed' | 'cancelled'>().notNull(),
    attempt: integer('attempt').notNull(),
    fencingToken: bigint('fencing_token', { mode: 'number' }).notNull(),
    claimedBy: text('claimed_by'),
    claimExpiresAt: instant('claim_expires_at'),
    /** The published manifest, whole; null until the first revision. */
    manifest: jsonb('manifest').$type<Record<string, unknown>>(),
    revision: integer('revision'),
    /** Late data up to this batch is in, or did not change the bytes. */
    checkedThroughBatch: integer('checked_through_batch'),
    /** The knowledge of that check: rows that had arrived by then were looked at. */
    checkedKnownAt: instant('checked_known_at'),
    /** The same of rows that touch the state; null: of none since the partition's own (K, S). */
    stateCheckedThroughBatch: integer('state_checked_through_batch'),
    stateCheckedKnownAt: instant('state_checked_known_at'),
    /** (K, S) of the first daily revision: what `as-served` means for this date. */
    servedKnownAt: instant('served_known_at'),
    servedBatch: integer('served_batch'),
    error: text('error'),
    startedAt: instant('started_at').notNull(),
    finishedAt: instant('finished_at'),
  },
  (table) => [primaryKey({ columns: [table.dataset, table.date] })],
);

/** One row per logical date that was run; K is taken once and reused by every retry. */
export const dailyRuns = ops.table('daily_runs', {
  date: text('date').primaryKey(),
  /** Null until the load has committed and K was taken. */
  knownAt: instant('known_at'),
  batch: integer('batch'),
  completeThrough: instant('complete_through'),
  status: text('status').$type<'running' | 'succeeded' | 'failed'>().notNull(),
  report: jsonb('report').$type<Record<string, unknown>>(),
  startedAt: instant('started_at').notNull(),
  finishedAt: instant('finished_at'),
});

export const backfills = ops.table('backfills', {
  id: text('id').primaryKey(),
  fromDate: text('from_date').notNull(),
  toDate: text('to_date').notNull(),
  status: text('status').notNull(),
  plan: jsonb('plan').$type<Record<string, unknown>>().notNull(),
  report: jsonb('report').$type<Record<string, unknown>>(),
  createdAt: instant('created_at').notNull(),
  finishedAt: instant('finished_at'),
});

export const predictions = ops.table(
  'predictions',
  {
    predictionId: uuid('prediction_id').primaryKey(),
    userId: bytewiseText('user_id').notNull(),
    modelVersion: text('model_version').notNull(),
    featureTime: instant('feature_time').notNull(),
    knownAt: instant('known_at').notNull(),
    revision: integer('revision').notNull(),
    features: jsonb('features').$type<Record<string, number | boolean>>().notNull(),
    churnProbability: doublePrecision('churn_probability').notNull(),
    predictedAt: instant('predicted_at').notNull(),
  },
  (table) => [index('predictions_user_time').on(table.userId, table.predictedAt)],
);

export const alerts = ops.table('alerts', {
  /** The same key again is the same alert: it is raised once. */
  key: text('key').primaryKey(),
  kind: text('kind').notNull(),
  severity: text('severity').notNull(),
  date: text('date').notNull(),
  message: text('message').notNull(),
  details: jsonb('details').$type<Record<string, unknown>>().notNull(),
  raisedAt: instant('raised_at').notNull(),
});

/** The truth about which models there are and which one serves; the files in models/ are a copy. */
export const modelEvents = ops.table('model_events', {
  eventId: uuid('event_id').primaryKey(),
  at: instant('at').notNull(),
  action: text('action').$type<'register' | 'promote' | 'reject' | 'rollback'>().notNull(),
  version: text('version').notNull(),
  /** The champion before. */
  previous: text('previous'),
  reason: text('reason').notNull(),
  /** In the order of commits; null: of an earlier release, and not adopted yet. */
  number: integer('number').unique(),
  /** In force from this event on; null where the number is. */
  aliases: jsonb('aliases').$type<Record<string, string | null>>(),
});
