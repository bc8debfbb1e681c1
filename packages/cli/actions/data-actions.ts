import type { Services } from '../../application';
import type { CommandContext, CommandResult } from '../command-context';
import type { SourceReport } from '../../raw-data';
import { renderTable } from '../terminal';
import { describeFiles } from './describe-files';
import { describePreview } from './describe-preview';
import { describeProperties } from './describe-properties';

interface LoadDocument extends Pick<SourceReport, 'files' | 'ignored_files' | 'properties'> {
  readonly batch: number | null;
  readonly loaded: Readonly<Record<string, number>>;
  readonly unchanged: Readonly<Record<string, number>>;
  readonly rejected: Readonly<Record<string, unknown>>;
  readonly retried: Readonly<Record<string, number>>;
  readonly warnings: readonly { readonly code: string; readonly message: string }[];
}

export async function generateAction(
  input: Parameters<Services['generate']>[0],
  { application, progress }: CommandContext,
): Promise<CommandResult> {
  const { services } = await application();
  return loadResult(await services.generate(input, progress));
}

export async function importFolderAction(
  { dryRun, ...request }: Parameters<Services['importFolder']>[0] & { dryRun: boolean },
  { application, progress }: CommandContext,
): Promise<CommandResult> {
  const { services } = await application();
  if (!dryRun) {
    const report = await services.importFolder(request, progress);
    const { warnings = [], ...result } = loadResult(report);
    return { ...result, warnings: [...warnings, ...howToCorrect(report.warnings)] };
  }
  const preview = await services.previewImport(request, progress);
  const { document, text, warnings } = loadResult(preview, 'Dry run: nothing was changed.');
  const hasFailed = preview.dry_run.error !== null;
  return { document, text: [text, ...describePreview(preview)].join('\n'), warnings, hasFailed };
}

function loadResult(report: LoadDocument, head = headOf(report)): CommandResult {
  const rows = Object.keys(report.loaded).map((name) => [
    name,
    report.loaded[name] ?? 0,
    report.unchanged[name] ?? 0,
    describeRejected(report.rejected[name]),
  ]);
  const table = renderTable(['table', 'loaded', 'unchanged', 'rejected'], rows);
  const retried = Object.entries(report.retried)
    .filter(([, count]) => count > 0)
    .map(([name, count]) => `Accepted rows of ${name} that earlier loads had rejected: ${count}.`);
  const warnings = report.warnings.map(({ message }) => message);
  return {
    document: report,
    text: [head, table, ...retried, ...describeFiles(report), ...describeProperties(report)].join(
      '\n',
    ),
    warnings,
  };
}

/** What is right as it was loaded, whatever the warning says of it. */
const needsNoOtherData = ['rejected_rows', 'settled_rates', 'absent_values'];

/** A corrected row has the id of one that is loaded, so that it would be rejected. */
function howToCorrect(warnings: LoadDocument['warnings']): string[] {
  if (warnings.every(({ code }) => needsNoOtherData.includes(code))) return [];
  return [
    'Loaded rows cannot be corrected: if a warning shows that they are wrong, import the corrected data with another CHURN_DATA_DIR.',
  ];
}

function headOf({ batch }: LoadDocument): string {
  return batch === null ? 'Nothing new.' : `Batch ${batch}.`;
}

function describeRejected(rejected: unknown): string {
  if (typeof rejected === 'number') return String(rejected);
  const reasons = Object.entries((rejected ?? {}) as Record<string, number>);
  return reasons.length === 0
    ? '0'
    : reasons.map(([reason, count]) => `${count} ${reason}`).join(', ');
}

export async function exportRawAction(
  input: Parameters<Services['exportRaw']>[0],
  { application }: CommandContext,
): Promise<CommandResult> {
  const { services } = await application();
  const document = await services.exportRaw(input);
  return { document, text: `Wrote the raw tables to ${input.folder}.` };
}

export async function featuresAction(
  query: Parameters<Services['userFeatures']>[0],
  { application }: CommandContext,
): Promise<CommandResult> {
  const { services } = await application();
  const document = await services.userFeatures(query);
  const rows = [...Object.entries(document.features), ['label', document.label] as const];
  const table = renderTable(
    ['feature', 'value'],
    rows.map(([name, value]) => [name, String(value)]),
  );
  const sql = document.sql ? `\n\n${document.sql};` : '';
  const head = `${query.userId} at ${document.feature_time}, as known at ${document.known_at} (batch ${document.batch})`;
  return { document, text: `${head}\n${table}${sql}` };
}

export async function historyAction(
  query: Parameters<Services['writeHistory']>[0],
  { application, progress }: CommandContext,
): Promise<CommandResult> {
  const { services } = await application();
  const document = await services.writeHistory(query, progress);
  const { found, rows, known_at, batch, out } = document;
  const reasons = Object.entries(document.null_by_reason);
  const nulls = reasons.map(([reason, count]) => `  ${count} rows without features: ${reason}`);
  const head = `${found} of ${rows} rows have features, as known at ${known_at} (batch ${batch}): ${out}`;
  return { document, text: [head, ...nulls].join('\n') };
}
