import {
  dailyPipeline,
  type PipelineStep,
  type StepName,
  type StepOutcome,
} from '../../packages/contracts';
import { nextSteps } from '../../packages/orchestration';
import { runStep } from '../activity-proxies';
import { asCancellation } from '../as-cancellation';
import { failureText } from '../failure-text';
import type { Retries } from '../watch-retries';
import { workflowClock } from '../workflow-clock';

/** A run's steps as they stand; the workflow's query, details and SLA watch read it. */
export interface RunState {
  readonly date: string;
  readonly settled: Map<StepName, StepOutcome>;
  readonly running: Set<StepName>;
  readonly retries: Retries;
  /** The error of what failed first: a step, or an entry in the ledger. */
  firstError?: {
    readonly step: StepName | 'begin_daily_run' | 'finish_daily_run';
    readonly error: unknown;
  };
}

/**
 * Executes the daily pipeline until every step has settled, independent steps side by side. A
 * failed step is an outcome here, not an exception: what does not depend on it goes on.
 */
export async function settleSteps({
  state,
  championVersion,
  onChange,
}: {
  state: RunState;
  championVersion: string | null;
  onChange: () => void;
}): Promise<void> {
  const { date, settled, running } = state;
  const inFlight = new Map<StepName, Promise<void>>();
  const settle = (outcome: StepOutcome) => {
    settled.set(outcome.step, outcome);
    running.delete(outcome.step);
    state.retries.forget(outcome.step);
    inFlight.delete(outcome.step);
    onChange();
  };
  const start = async (step: PipelineStep) => {
    const startedAt = workflowClock();
    const seconds = () => (workflowClock() - startedAt) / 1000;
    try {
      const result = await runStep(step, { date, championVersion });
      settle({ step: step.name, status: 'succeeded', seconds: seconds(), result: result ?? null });
    } catch (failure) {
      const error = asCancellation(failure);
      state.firstError ??= { step: step.name, error };
      settle({ step: step.name, status: 'failed', seconds: seconds(), result: failureText(error) });
    }
  };
  for (;;) {
    const next = nextSteps({ pipeline: dailyPipeline, date, settled, running });
    for (const { step, skipped } of next.skip) {
      settle({ step: step.name, status: 'skipped', skipped, seconds: 0, result: null });
    }
    for (const step of next.start) {
      running.add(step.name);
      inFlight.set(step.name, start(step));
    }
    if (next.start.length > 0) onChange();
    if (next.skip.length > 0) continue;
    if (inFlight.size === 0) return;
    await Promise.race(inFlight.values());
  }
}
