import type { EvaluationMetrics, ModelMetadata } from '../../modeling';
import { renderTable } from '../terminal';

/** A model for people: what it was trained on, how good it is beside recency alone, what drives it. */
export function describeModel(metadata: ModelMetadata): string {
  const { metrics, split, data, promotion } = metadata;
  const { training, validation } = split;
  const recency = metadata.recency_baseline;
  const scores = renderTable(
    ['validation', 'AUC', 'PR-AUC', 'log loss', 'Brier', 'top-decile lift'],
    [
      ['model', ...scoreCells(metrics)],
      ...(recency ? [['recency only', ...scoreCells(recency)]] : []),
    ],
  );
  const drivers = renderTable(
    ['feature', 'log-odds per sd'],
    metadata.coefficients.map(({ feature, standardised }) => [feature, fixed(standardised)]),
  );
  return [
    `${metadata.model_version} (${metadata.algorithm.solver}), as of ${metadata.as_of}: ${promotion.reason}`,
    `training ${training.from} to ${training.to}: ${data.rows} rows, ${data.users} users, base rate ${fixed(data.base_rate)}`,
    `trained on ${metadata.eligibility}; left out: ${describeExcluded(data.excluded)}`,
    `validation ${validation.from} to ${validation.to}: ${data.validation_rows} eligible rows, base rate ${fixed(metrics.base_rate)}`,
    scores,
    drivers,
  ].join('\n');
}

/** Rows by reason, those that there are. */
function describeExcluded(excluded: ModelMetadata['data']['excluded']): string {
  const counts = Object.entries(excluded).filter(([, rows]) => rows > 0);
  return counts.map(([reason, rows]) => `${rows} ${reason}`).join(', ') || 'no row';
}

function scoreCells({
  auc,
  pr_auc,
  log_loss,
  brier,
  top_decile_lift,
}: EvaluationMetrics): string[] {
  return [auc, pr_auc, log_loss, brier, top_decile_lift].map(fixed);
}

function fixed(value: number): string {
  return value.toFixed(4);
}
