import type { ImportPreview } from '../../raw-data';
import { renderTable } from '../terminal';
import { describeReason } from './describe-properties';

/** What a dry run of an import says besides the counts: how rows are read, and which are rejected. */
export function describePreview({ dry_run: preview }: ImportPreview): string[] {
  const { error, complete_through: complete, first_rows: firstRows, examples } = preview;
  const tables = Object.entries(firstRows).filter(([, rows]) => rows.length > 0);
  return [
    error ? `The import would fail. ${error.message}` : 'The import would succeed.',
    complete === null
      ? 'It would leave the moment up to which the source is complete as it is.'
      : `The import says that the source is complete up to ${complete}; if an earlier load said a later time, that one counts.`,
    ...tables.flatMap(([table, rows]) => ['', `First rows of ${table}, as stored:`, asTable(rows)]),
    ...(examples.length > 0 ? ['', 'Rejected, the first of each reason:'] : []),
    ...examples.map(({ reason, property, rows, source, row, line, values }) => {
      const place = line === null ? `row ${row}` : `line ${line}`;
      return `  ${rows} ${describeReason(reason, [property])}: ${source} ${place} ${JSON.stringify(values)}`;
    }),
  ];
}

function asTable(rows: readonly Readonly<Record<string, string | null>>[]): string {
  const header = Object.keys(rows[0] ?? {});
  return renderTable(
    header,
    rows.map((row) => header.map((name) => row[name] ?? null)),
  );
}
