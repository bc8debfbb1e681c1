import { randomUUID } from 'node:crypto';
import { ChurnError, type SyntheticWorld } from '../contracts';
import { minorUnitDigits } from '../currencies';
import {
  asDatabaseError,
  invalidCurrency,
  requireCurrency,
  type Sql,
  type TransactionSql,
} from '../database';
import { formatInstant, parseInstant, type EpochMicros } from '../instants';

export type SourceKind = 'synthetic' | 'import';

/** Whose data this is. Recorded once; the first load chooses the source. */
export interface Installation {
  readonly id: string;
  readonly source: SourceKind | null;
  readonly world: SyntheticWorld | null;
  readonly currency: string;
  /** Synthetic: arrivals up to and including this instant are loaded; it is also *now*. */
  readonly loadedThrough: EpochMicros | null;
}

/**
 * The installation of this database, made at the first call.
 *
 * @param options.currency ISO 4217 code of all money in the installation.
 * @throws ChurnError INVALID_SETTING when there are amounts in another currency already, or there is
 *   no such currency.
 */
export async function ensureInstallation(
  database: { readonly sql: Sql | TransactionSql },
  { currency }: { currency: string },
): Promise<Installation> {
  const digits = minorUnitDigits(currency);
  if (digits === undefined) {
    throw invalidCurrency('it must be the code of a currency in ISO 4217, such as USD');
  }
  try {
    await database.sql`
      INSERT INTO ops.installation (id, currency, minor_unit_digits)
      VALUES (${randomUUID()}, ${currency}, ${digits})
      ON CONFLICT (singleton) DO UPDATE
      SET currency = excluded.currency, minor_unit_digits = excluded.minor_unit_digits
      WHERE (installation.currency, installation.minor_unit_digits)
          IS DISTINCT FROM (excluded.currency, excluded.minor_unit_digits)
        AND NOT EXISTS (SELECT FROM raw_data.billing_events)`;
    await requireCurrency(database.sql, { currency, minorUnitDigits: digits });
  } catch (error) {
    throw asDatabaseError(error);
  }
  return readInstallation(database.sql);
}

interface InstallationRow {
  readonly id: string;
  readonly source: SourceKind | null;
  /** Worlds recorded before there were versions have none: they are of version 1. */
  readonly world: (Omit<SyntheticWorld, 'version'> & { readonly version?: number }) | null;
  readonly currency: string;
  readonly loaded_through: string | null;
}

/** @throws ChurnError NO_DATA when `ensureInstallation` was never called. */
export async function readInstallation(sql: Sql | TransactionSql): Promise<Installation> {
  const [row] = await sql<InstallationRow[]>`
    SELECT id::text, source, world, currency, loaded_through::text FROM ops.installation`;
  if (!row) throw new ChurnError('NO_DATA');
  const { loaded_through: loadedThrough, world, ...rest } = row;
  return {
    ...rest,
    world: world && { version: 1, ...world },
    loadedThrough: loadedThrough === null ? null : parseInstant(loadedThrough),
  };
}

/** @throws ChurnError SOURCE_MISMATCH when the installation's data is of the other kind. */
export function requireSource(installation: Installation, wanted: SourceKind): void {
  const present = installation.source;
  if (present === null || present === wanted) return;
  const names = { synthetic: 'synthetic', import: 'imported' } as const;
  throw new ChurnError('SOURCE_MISMATCH', { present: names[present], wanted: names[wanted] });
}

/** Records the source; a synthetic one with its world and how far it is loaded. */
export async function recordSource(
  tx: TransactionSql,
  source: { kind: 'import' } | { kind: 'synthetic'; world: SyntheticWorld; through: EpochMicros },
): Promise<void> {
  if (source.kind === 'import') {
    await tx`UPDATE ops.installation SET source = 'import' WHERE source IS NULL`;
    return;
  }
  await tx`
    UPDATE ops.installation SET source = 'synthetic',
      world = ${JSON.stringify(source.world)}::text::jsonb,
      loaded_through = ${formatInstant(source.through)}::text::timestamptz`;
}
