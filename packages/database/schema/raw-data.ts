import { sql } from 'drizzle-orm';
import {
  bigint,
  date,
  index,
  integer,
  jsonb,
  numeric,
  pgSchema,
  primaryKey,
  text,
} from 'drizzle-orm/pg-core';
import { bytewiseText, instant } from './column-types';
import { loadBatches } from './ops';

/** What the source said, append-only, written only by the loader. Every row has its batch. */
export const rawData = pgSchema('raw_data');

const arrival = {
  ingestedAt: instant('ingested_at').notNull(),
  // No foreign key: only the loader writes here, and the check would cost a third of a load.
  batch: integer('batch').notNull(),
};

/** By name: texts, booleans, and decimals as integers of millionths; null where there are none. */
const properties = () => jsonb('properties').$type<Record<string, string | boolean | number>>();

export const users = rawData.table(
  'users',
  {
    userId: bytewiseText('user_id').primaryKey(),
    signupTime: instant('signup_time').notNull(),
    /** The plan at signup; later ones are in plan_changes. */
    plan: text('plan').notNull(),
    country: text('country'),
    ...arrival,
  },
  (table) => [index('users_batch').on(table.batch)],
);

const belongsToUser = () =>
  bytewiseText('user_id')
    .notNull()
    .references(() => users.userId);

export const planChanges = rawData.table(
  'plan_changes',
  {
    changeId: bytewiseText('change_id').primaryKey(),
    userId: belongsToUser(),
    plan: text('plan').notNull(),
    eventTime: instant('event_time').notNull(),
    ...arrival,
  },
  (table) => [
    index('plan_changes_user_time').on(table.userId, table.eventTime),
    index('plan_changes_batch').on(table.batch),
  ],
);

export const userEvents = rawData.table(
  'user_events',
  {
    eventId: bytewiseText('event_id').primaryKey(),
    userId: belongsToUser(),
    sessionId: bytewiseText('session_id').notNull(),
    eventType: text('event_type').notNull(),
    eventTime: instant('event_time').notNull(),
    ...arrival,
    properties: properties(),
  },
  (table) => [
    index('user_events_user_time').on(table.userId, table.eventTime),
    index('user_events_batch').on(table.batch),
  ],
);

export const billingEvents = rawData.table(
  'billing_events',
  {
    eventId: bytewiseText('event_id').primaryKey(),
    userId: belongsToUser(),
    eventType: text('event_type').notNull(),
    amountCents: bigint('amount_cents', { mode: 'bigint' }).notNull(),
    currency: text('currency').notNull(),
    eventTime: instant('event_time').notNull(),
    ...arrival,
    properties: properties(),
  },
  (table) => [
    index('billing_events_user_time').on(table.userId, table.eventTime),
    index('billing_events_batch').on(table.batch),
  ],
);

/**
 * What is said about users beyond their columns, as events: of each name the latest value by
 * (event_time, attribute_id) is in force. Features do not read it.
 */
export const userAttributes = rawData.table(
  'user_attributes',
  {
    attributeId: bytewiseText('attribute_id').primaryKey(),
    userId: belongsToUser(),
    name: bytewiseText('name').notNull(),
    value: text('value').notNull(),
    eventTime: instant('event_time').notNull(),
    ...arrival,
  },
  (table) => [
    index('user_attributes_user_name_time').on(table.userId, table.name, table.eventTime),
    index('user_attributes_batch').on(table.batch),
  ],
);

/**
 * The rate of each day by which amounts of a currency were converted. The first one that was used
 * stays, so that a row that is sent again has the amount that it had.
 */
export const settledRates = rawData.table(
  'settled_rates',
  {
    intoCurrency: text('into_currency').notNull(),
    fromCurrency: text('from_currency').notNull(),
    day: date('day').notNull(),
    rate: numeric('rate', { precision: 28, scale: 18 }).notNull(),
    /** The day that the rate was given for: this one, or one of the 7 before. */
    rateDay: date('rate_day').notNull(),
    /** The load that used it first. */
    batch: integer('batch').notNull(),
  },
  (table) => [primaryKey({ columns: [table.intoCurrency, table.fromCurrency, table.day] })],
);

/** The type of each property: the load that brought it first has settled it. */
export const settledProperties = rawData.table(
  'settled_properties',
  {
    tableName: text('table_name').notNull(),
    name: bytewiseText('name').notNull(),
    type: text('type').$type<'text' | 'boolean' | 'decimal'>().notNull(),
    batch: integer('batch').notNull(),
  },
  (table) => [primaryKey({ columns: [table.tableName, table.name] })],
);

/**
 * Rows that a load refused, with the reason. A row is known by its batch, its file and its number in
 * that file, from 1.
 */
export const rejectedRows = rawData.table(
  'rejected_rows',
  {
    batch: integer('batch')
      .notNull()
      .references(() => loadBatches.batch),
    /** The file's path in the import folder. */
    source: text('source').notNull(),
    row: bigint('row', { mode: 'number' }).notNull(),
    reason: text('reason').notNull(),
    /** Of an `invalid_property`, which one it is. */
    property: text('property'),
    tableName: text('table_name').notNull(),
    /** Where the row begins in its file; null of Parquet, and of rows of former releases. */
    line: bigint('line', { mode: 'number' }),
    /** Texts by the import's column names, empty ones left out; null of rows of former releases. */
    values: jsonb('values').$type<Record<string, string>>(),
    /** The batch that holds the row since a later load tried it again. */
    resolvedBatch: integer('resolved_batch'),
  },
  (table) => [
    primaryKey({ columns: [table.batch, table.source, table.row] }),
    index('rejected_rows_to_retry')
      .on(table.tableName, table.batch)
      .where(
        sql`${table.resolvedBatch} IS NULL AND ${table.reason} IN ('unknown_user', 'before_signup')`,
      ),
  ],
);
