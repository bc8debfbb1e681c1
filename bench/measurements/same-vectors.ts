import path from 'node:path';
import { quoteLiteral } from '../../packages/duckdb/quote-sql';
import type { Application } from '../../packages/application/application';

/** What a set of partition files says, in numbers that don't depend on how it was written. */
export interface PartitionTotals {
  /** Rows, sums and null counts by column. */
  readonly totals: Readonly<Record<string, string>>;
  /** Over every value of every row, in no order. */
  readonly fingerprint: string;
}

/** @param files  A glob of Parquet files with the columns of a partition. */
export async function readPartitionTotals(
  application: Application,
  files: string,
): Promise<PartitionTotals> {
  const folder = files.slice(0, files.search(/\*/));
  const duckDb = await application.adapters.openDuckDb([path.dirname(`${folder}x`)]);
  try {
    const source = `read_parquet(${quoteLiteral(files)}, hive_partitioning = false)`;
    const columns = await duckDb.rows<{ column_name: string; column_type: string }>(
      `SELECT column_name, column_type FROM (DESCRIBE SELECT * FROM ${source})`,
    );
    const sums = columns.flatMap(({ column_name: name, column_type: type }) => {
      // Every number is a whole number of sevenths or of cents: a sum of these has no rounding.
      if (type === 'DOUBLE') return [`sum(round(${name} * 700)::HUGEINT)::VARCHAR AS ${name}`];
      if (type === 'INTEGER') return [`sum(${name})::VARCHAR AS ${name}`];
      if (type === 'BOOLEAN') {
        return [`count(*) FILTER (${name}) || ' of ' || count(${name}) AS ${name}`];
      }
      return [];
    });
    const names = columns.map(({ column_name: name }) => name).join(', ');
    const [row] = await duckDb.rows<Record<string, string>>(
      `SELECT count(*)::VARCHAR AS rows, ${sums.join(', ')},
         bit_xor(hash(${names}))::VARCHAR AS fingerprint FROM ${source}`,
    );
    const { fingerprint, ...totals } = row!;
    return { totals, fingerprint: fingerprint! };
  } finally {
    duckDb.close();
  }
}

/** @throws Error naming the first column whose total differs, or that only single values do. */
export function requireSameVectors(
  peer: string,
  ours: PartitionTotals,
  theirs: PartitionTotals,
): void {
  for (const [name, total] of Object.entries(ours.totals)) {
    if (theirs.totals[name] === total) continue;
    throw new Error(
      `${peer} computes something else: ${name} is ${theirs.totals[name]}, not ${total}`,
    );
  }
  if (theirs.fingerprint === ours.fingerprint) return;
  throw new Error(`${peer} computes something else: equal totals, but not of the same vectors`);
}
