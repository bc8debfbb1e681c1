import { ChurnError } from '../../contracts';
import type { TransactionSql } from '../../database';
import type { LoadWarning } from '../load-warning';
import { rawTableNames, type PerTable, type RawTable } from '../raw-tables';
import {
  formatPercent,
  judgeRejectedShares,
  type RejectedLimits,
  type RejectedShare,
} from './judge-rejected-shares';
import { rejectedExamples, type RejectedExample } from './record-rejected-rows';

interface RowCounts {
  readonly loaded: PerTable<number>;
  readonly unchanged: PerTable<number>;
  readonly rejected: PerTable<number>;
}

export interface Judgement {
  /** What the report warns of. */
  readonly warnings: readonly LoadWarning[];
  /**
   * Why the load must not be kept: NOTHING_ACCEPTED, whatever the limits, when every row was
   * rejected; TOO_MANY_REJECTED naming the tables that are past the limit. Null when it may.
   */
  readonly refusal: ChurnError | null;
}

/**
 * Judges a load by its rejected rows, after `gatherRejectedRows`.
 *
 * @param limits  Null: any share is fine, and there is no warning.
 */
export async function judgeRejectedRows(
  tx: TransactionSql,
  counts: RowCounts,
  limits: RejectedLimits | null,
): Promise<Judgement> {
  const sum = (name: keyof RowCounts) =>
    rawTableNames.reduce((total, table) => total + counts[name][table], 0);
  if (sum('rejected') === 0) return { warnings: [], refusal: null };
  const examples = await rejectedExamples(tx);
  if (sum('loaded') + sum('unchanged') === 0) {
    const problem = rawTableNames
      .filter((table) => counts.rejected[table] > 0)
      .map(
        (table) => `all ${counts.rejected[table]} rows of ${table} (${reasons(table, examples)})`,
      )
      .join('; ');
    return { warnings: [], refusal: new ChurnError('NOTHING_ACCEPTED', { problem }) };
  }
  const shares = limits ? judgeRejectedShares(counts, limits) : [];
  const failed = shares.filter(({ verdict }) => verdict === 'fail');
  if (limits && failed.length > 0) {
    const problem = failed.map((share) => describe(share, examples)).join('; ');
    const details = { problem, limitPercent: limits.failPercent };
    return { warnings: [], refusal: new ChurnError('TOO_MANY_REJECTED', details) };
  }
  const warnings = shares.map((share) => ({
    code: 'rejected_rows' as const,
    table: share.table,
    count: share.rejected,
    message: `${describe(share, examples)}. After an import, \`churn rejected\` lists them.`,
  }));
  return { warnings, refusal: null };
}

function describe({ table, rows, rejected }: RejectedShare, examples: RejectedExample[]): string {
  const share = formatPercent(rejected, rows);
  return `${rejected} of ${rows} rows of ${table} (${share}) were rejected: ${reasons(table, examples)}`;
}

const REASONS_MAX = 3;

/** The commonest, each with the place of its first row; no values, which may be personal. */
function reasons(table: RawTable, examples: readonly RejectedExample[]): string {
  const ofTable = examples.filter((example) => example.table === table);
  const named = ofTable.slice(0, REASONS_MAX).map(({ reason, rows, ...first }) => {
    const which = first.property === null ? '' : ` (${first.property})`;
    return `${rows} ${reason}${which}, first in ${placeOf(first)}`;
  });
  const more = ofTable.length - named.length;
  return [...named, ...(more > 0 ? [`${more} more reasons`] : [])].join('; ');
}

/** Where people find a row. */
export function placeOf({
  source,
  row,
  line,
}: Pick<RejectedExample, 'source' | 'row' | 'line'>): string {
  return line === null ? `${source} row ${row}` : `${source} line ${line}`;
}
