import type { Services } from '../../application';
import { rawTableNames, rejectionReasons } from '../../raw-data';
import type { CommandContext, CommandResult } from '../command-context';
import { renderTable } from '../terminal';
import { usageError } from '../usage-error';
import { describeReason } from './describe-properties';

type Listed = Awaited<ReturnType<Services['listRejected']>>;

/** The names are checked here and not by the parser: `--help` need not load what knows them. */
export async function rejectedAction(
  request: {
    readonly batch?: number;
    readonly reason?: string;
    readonly table?: string;
    readonly limit: number;
    readonly csv: boolean;
  },
  { application }: CommandContext,
): Promise<CommandResult> {
  const { batch, limit, csv } = request;
  const reason = knownWord('--reason', request.reason, rejectionReasons);
  const table = knownWord('--table', request.table, rawTableNames);
  const { services } = await application();
  if (csv && table) return exported(await services.exportRejected({ batch, reason, table, limit }));
  const document = await services.listRejected({ batch, reason, table, limit });
  return { document, text: describe(document) };
}

function knownWord<T extends string>(
  option: string,
  given: string | undefined,
  words: readonly T[],
): T | undefined {
  const word = words.find((candidate) => candidate === given);
  if (word !== undefined || given === undefined) return word;
  throw usageError(`${option} is none of ${words.join(', ')}`, 'rejected');
}

function describe({ rejected, left_out }: Listed): string {
  if (rejected.length === 0) return 'No rejected rows.';
  const rows = rejected.map(({ batch, source, reason, rows: count, resolved, examples }) => {
    const places = examples.map(({ row, line }) => (line === null ? `row ${row}` : `line ${line}`));
    const properties = examples.map(({ property }) => property);
    const why = describeReason(reason, properties);
    return [batch, source, why, count, resolved, places.join(', ')];
  });
  const header = ['batch', 'file', 'reason', 'rows', 'accepted later', 'first'];
  const more = left_out > 0 ? [`${left_out} more; raise --limit to see them.`] : [];
  return [renderTable(header, rows), ...more].join('\n');
}

type Exported = Awaited<ReturnType<Services['exportRejected']>>;

function exported({ csv, ...document }: Exported): CommandResult {
  const { left_out, without_values } = document;
  const warnings = [
    ...(left_out > 0 ? [`${left_out} more rows are left out; raise --limit to get them`] : []),
    ...(without_values > 0
      ? [`${without_values} rows of earlier releases have no values and are left out`]
      : []),
  ];
  return { document, text: csv, warnings };
}
