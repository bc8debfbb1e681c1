/**
 * What a column holds, which decides how it is checked, staged and written:
 * `id` 1–128 printable characters · `text` the same, for names such as a plan · `optional_text` may
 * be empty · `event_time` the moment the row is about · `amount_cents` integer minor units (ISO 4217) ≥ 0 ·
 * `billing_type` one of `billingTypes` · `currency` the installation's · `attribute_id` an id that is
 * made where there is none · `attribute_name` 1–64 printable characters · `attribute_value` 1–1,024 ·
 * `properties` what `canonicalPropertiesSql` makes of an event's properties; in files they are columns
 * of their own.
 */
export type ColumnKind =
  | 'id'
  | 'text'
  | 'optional_text'
  | 'event_time'
  | 'amount_cents'
  | 'billing_type'
  | 'currency'
  | 'attribute_id'
  | 'attribute_name'
  | 'attribute_value'
  | 'properties';

export interface RawColumn {
  readonly name: string;
  readonly kind: ColumnKind;
  /** A source may leave the column out. */
  readonly optional?: true;
}

export interface RawTableDefinition {
  readonly key: string;
  /** The moment a row is about: `signup_time` for users. */
  readonly timeColumn: string;
  /** In the order of the Postgres table, without ingested_at and batch. */
  readonly columns: readonly RawColumn[];
}

/**
 * Users first: the rows of the other tables refer to them. Attributes last: columns of the others may
 * say some.
 */
export const rawTableNames = [
  'users',
  'plan_changes',
  'user_events',
  'billing_events',
  'user_attributes',
] as const;

export type RawTable = (typeof rawTableNames)[number];

export const billingTypes = [
  'charge_succeeded',
  'charge_failed',
  'refund',
  'dispute',
  'subscription_started',
  'subscription_cancelled',
] as const;

/** These move no money: a source may leave their amount empty, which is read as 0. */
export const moneylessBillingTypes: readonly (typeof billingTypes)[number][] = [
  'subscription_started',
  'subscription_cancelled',
];

const userId: RawColumn = { name: 'user_id', kind: 'id' };
const eventTime: RawColumn = { name: 'event_time', kind: 'event_time' };
const properties: RawColumn = { name: 'properties', kind: 'properties', optional: true };

export const rawTables: Readonly<Record<RawTable, RawTableDefinition>> = {
  users: {
    key: 'user_id',
    timeColumn: 'signup_time',
    columns: [
      userId,
      { name: 'signup_time', kind: 'event_time' },
      { name: 'plan', kind: 'text' },
      { name: 'country', kind: 'optional_text', optional: true },
    ],
  },
  plan_changes: {
    key: 'change_id',
    timeColumn: 'event_time',
    columns: [{ name: 'change_id', kind: 'id' }, userId, { name: 'plan', kind: 'text' }, eventTime],
  },
  user_events: {
    key: 'event_id',
    timeColumn: 'event_time',
    columns: [
      { name: 'event_id', kind: 'id' },
      userId,
      { name: 'session_id', kind: 'id' },
      { name: 'event_type', kind: 'text' },
      eventTime,
      properties,
    ],
  },
  billing_events: {
    key: 'event_id',
    timeColumn: 'event_time',
    columns: [
      { name: 'event_id', kind: 'id' },
      userId,
      { name: 'event_type', kind: 'billing_type' },
      { name: 'amount_cents', kind: 'amount_cents' },
      { name: 'currency', kind: 'currency', optional: true },
      eventTime,
      properties,
    ],
  },
  user_attributes: {
    key: 'attribute_id',
    timeColumn: 'event_time',
    columns: [
      { name: 'attribute_id', kind: 'attribute_id', optional: true },
      userId,
      { name: 'name', kind: 'attribute_name' },
      { name: 'value', kind: 'attribute_value' },
      eventTime,
    ],
  },
};

/** The tables whose rows may have properties: values by names that the source chooses. */
export const tablesWithProperties: readonly ImportTable[] = ['user_events', 'billing_events'];

/**
 * What the values of a property are: texts of 1 to 1,024 characters that print, truth values, or
 * decimals of at most 6 places, which are stored as a number of millionths.
 */
export const propertyTypes = ['text', 'boolean', 'decimal'] as const;

export type PropertyType = (typeof propertyTypes)[number];

/** The tables whose files may have attributes of the rows' users in columns of their own. */
export type TableWithAttributes = Exclude<RawTable, 'user_attributes'>;

export function mayHaveAttributes(table: ImportTable): table is TableWithAttributes {
  return table !== 'user_attributes' && rawTableNames.some((name) => name === table);
}

/** The tables that a load seldom has rows of: the raw log has segments only where there are some. */
export function isSparse(table: RawTable): boolean {
  return table === 'user_attributes';
}

/**
 * What an import folder may hold: the tables, the rates by which their money is converted, and what
 * columns are properties.
 */
export const importTableNames = [...rawTableNames, 'rates', 'properties'] as const;

export type ImportTable = (typeof importTableNames)[number];

const ingestedAt: RawColumn = { name: 'ingested_at', kind: 'event_time', optional: true };
const amount: RawColumn = { name: 'amount', kind: 'amount_cents', optional: true };
const ratesColumns: readonly RawColumn[] = [
  { name: 'date', kind: 'event_time' },
  { name: 'currency', kind: 'currency' },
  { name: 'rate', kind: 'amount_cents' },
];

const propertiesColumns: readonly RawColumn[] = [
  { name: 'table', kind: 'text' },
  { name: 'column', kind: 'text' },
  { name: 'property', kind: 'text', optional: true },
  { name: 'type', kind: 'text', optional: true },
];

export function isRawTable(table: ImportTable): table is RawTable {
  return table !== 'rates' && table !== 'properties';
}

/**
 * What may be in a file under a name of ours: a table's columns and arrival; of billing events `amount`
 * for amount_cents.
 */
export function importColumns(table: ImportTable): readonly RawColumn[] {
  if (table === 'rates') return ratesColumns;
  if (table === 'properties') return propertiesColumns;
  const columns = rawTables[table].columns.filter(({ kind }) => kind !== 'properties');
  return [...columns, ...(table === 'billing_events' ? [amount] : []), ingestedAt];
}

export function kindOfColumn(table: ImportTable, name: string): ColumnKind {
  return importColumns(table).find((column) => column.name === name)!.kind;
}

/** Something per raw table, all five always. */
export type PerTable<T> = Record<RawTable, T>;

export function perTable<T>(valueOf: (table: RawTable) => T): PerTable<T> {
  return Object.fromEntries(rawTableNames.map((table) => [table, valueOf(table)])) as PerTable<T>;
}
