import type { DailyRunReport, StepOutcome } from '../contracts';

export type Verdict = DailyRunReport['verdict'];

const SEVERITY: readonly Verdict[] = ['pass', 'warn', 'fail'];

function worstVerdict(verdicts: readonly Verdict[]): Verdict {
  const worst = Math.max(0, ...verdicts.map((verdict) => SEVERITY.indexOf(verdict)));
  return SEVERITY[worst]!;
}

/**
 * A run's verdict: `fail` when a step failed or was blocked by one that did, else the worst verdict
 * that any step's own result carries (drift found → warn, schemas differ → fail).
 */
export function verdictOf(outcomes: readonly StepOutcome[]): Verdict {
  return worstVerdict(outcomes.map(verdictOfOutcome));
}

function verdictOfOutcome({ status, skipped, result }: StepOutcome): Verdict {
  if (status === 'failed' || skipped === 'upstream_failed') return 'fail';
  const carried = (result as { verdict?: unknown } | null)?.verdict;
  return SEVERITY.find((verdict) => verdict === carried) ?? 'pass';
}
