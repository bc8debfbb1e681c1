import type { Alert } from '../contracts';
import { driftThresholds, type DriftMetric } from './drift-report';

/** One alert per drifting subject and kind; the key makes it the same alert when run again. */
export function driftAlerts(metrics: readonly DriftMetric[]): Alert[] {
  return metrics
    .filter(({ status, metric }) => status === 'alert' && metric !== 'standardised_shift')
    .map(toAlert);
}

function toAlert(row: DriftMetric): Alert {
  const kind = kindOf(row);
  return {
    key: [kind, row.date, row.metric, row.subject, row.model_version ?? 'none'].join('/'),
    kind,
    severity: severityOf(row, kind),
    date: row.date,
    message: messageOf(row),
    details: { ...row },
  };
}

function kindOf({ subject, metric }: DriftMetric): 'schema' | 'performance' | 'drift' {
  if (subject === 'schema' || metric === 'null_share') return 'schema';
  return subject.startsWith('performance/') ? 'performance' : 'drift';
}

function severityOf(row: DriftMetric, kind: Alert['kind']): Alert['severity'] {
  const isLarge = row.metric === 'psi' && row.value! > driftThresholds.psiCritical;
  return kind === 'schema' || isLarge ? 'critical' : 'warning';
}

function messageOf({
  subject,
  metric,
  value,
  threshold,
  date,
  model_version,
}: DriftMetric): string {
  const against = model_version ? ` against model ${model_version}` : '';
  const limit = threshold === null ? '' : ` (threshold ${round(threshold)})`;
  return `${subject}: ${metric} is ${round(value!)}${limit} on ${date}${against}.`;
}

function round(value: number): string {
  return String(Number(value.toPrecision(4)));
}
