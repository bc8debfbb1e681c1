import type { EvaluationMetrics, GateCheck, PromotionDecision } from '../model-documents';

/** How much worse than the champion a candidate may be, absolutely, and still replace it. */
export const gateMargins = { auc: 0.005, logLoss: 0.005 } as const;

type RankingMetrics = Pick<EvaluationMetrics, 'auc' | 'log_loss'>;

export interface GateInput {
  readonly candidate: {
    readonly converged: boolean;
    readonly schemaHash: string;
    readonly metrics: RankingMetrics;
    /** Of a model of recency alone; null where the schema has no such feature. */
    readonly recencyBaseline: RankingMetrics | null;
  };
  /** The champion on the candidate's validation rows; null where there is none. */
  readonly champion: {
    readonly version: string;
    /** Null where it can't be scored: another schema, or it no longer loads. */
    readonly metrics: RankingMetrics | null;
    /** Whether it was trained on the users who are eligible now. */
    readonly isSameEligibility: boolean;
  } | null;
  /** Of the features that are served. */
  readonly servedSchemaHash: string;
}

/**
 * Whether a candidate becomes champion, with a reason per rule. The first converged model does;
 * later ones must be no worse than the champion on the same rows, beyond a small margin, and better
 * than recency alone. A champion that was trained on other users than are eligible now gives way also
 * to a worse one, since drift has no reference as long as it serves.
 */
export function decidePromotion(input: GateInput): PromotionDecision {
  const { candidate, champion } = input;
  const checks = [
    convergence(candidate.converged),
    schema(candidate.schemaHash, input.servedSchemaHash),
    ...(champion ? againstChampion(candidate.metrics, champion) : []),
    ...(champion && candidate.recencyBaseline
      ? [againstRecency(candidate.metrics, candidate.recencyBaseline)]
      : []),
  ];
  const failed = checks.filter((check) => !check.passed);
  const promoted = failed.length === 0;
  return {
    promoted,
    champion: champion?.version ?? null,
    reason: promoted
      ? promotionReason(input)
      : `not promoted: ${failed.map((check) => check.reason).join('; ')}`,
    checks,
  };
}

function promotionReason({ champion }: GateInput): string {
  if (!champion) return 'promoted: the first converged model';
  if (!champion.metrics) return `promoted: champion ${champion.version} cannot be compared`;
  if (!champion.isSameEligibility) return `promoted: ${trainedOnOthers(champion.version)}`;
  return `promoted: no worse than champion ${champion.version} on the same rows`;
}

function convergence(passed: boolean): GateCheck {
  return {
    name: 'converged',
    passed,
    reason: passed ? 'the solver converged' : 'the solver did not converge',
  };
}

function schema(candidate: string, served: string): GateCheck {
  const passed = candidate === served;
  const reason = passed
    ? 'its feature schema is the one that is served'
    : `its feature schema ${short(candidate)} is not the served ${short(served)}`;
  return { name: 'schema', passed, reason };
}

function againstChampion(
  candidate: RankingMetrics,
  champion: NonNullable<GateInput['champion']>,
): GateCheck[] {
  const { metrics, version, isSameEligibility } = champion;
  if (!metrics) {
    const reason = `champion ${version} cannot score these rows (another schema, or it no longer loads)`;
    return [{ name: 'champion_comparable', passed: true, reason }];
  }
  if (!isSameEligibility) {
    const figures = `AUC ${fixed(metrics.auc)} and log loss ${fixed(metrics.log_loss)} on these rows`;
    const reason = `${trainedOnOthers(version)}, so its ${figures} do not count`;
    return [{ name: 'champion_comparable', passed: true, reason }];
  }
  return [
    {
      name: 'auc_vs_champion',
      passed: candidate.auc >= metrics.auc - gateMargins.auc,
      reason: `AUC ${fixed(candidate.auc)}, champion ${version} ${fixed(metrics.auc)}, margin ${gateMargins.auc}`,
    },
    {
      name: 'log_loss_vs_champion',
      passed: candidate.log_loss <= metrics.log_loss + gateMargins.logLoss,
      reason: `log loss ${fixed(candidate.log_loss)}, champion ${version} ${fixed(metrics.log_loss)}, margin ${gateMargins.logLoss}`,
    },
  ];
}

function trainedOnOthers(version: string): string {
  return `champion ${version} was not trained on the users who are eligible now`;
}

function againstRecency(candidate: RankingMetrics, baseline: RankingMetrics): GateCheck {
  return {
    name: 'beats_recency',
    passed: candidate.auc > baseline.auc,
    reason: `AUC ${fixed(candidate.auc)}, recency alone ${fixed(baseline.auc)}`,
  };
}

const fixed = (value: number) => value.toFixed(4);
const short = (hash: string) => hash.slice(0, 12);
