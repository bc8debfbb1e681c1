import { appendFileSync } from 'node:fs';

/** Says what a test measured: one line for people, and one for docs/testing-evidence.md. */
export function reportFigure(claim: string, cases: string | number, seconds?: number): void {
  const took = seconds === undefined ? '' : ` (${seconds.toFixed(1)} s)`;
  process.stderr.write(`  ${claim}: ${cases}${took}\n`);
  const file = process.env.CHURN_EVIDENCE_FILE;
  if (file) appendFileSync(file, `${JSON.stringify({ claim, cases, seconds })}\n`);
}
