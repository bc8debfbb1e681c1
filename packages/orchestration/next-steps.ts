import type { PipelineStep, StepName, StepOutcome } from '../contracts';
import type { LogicalDate } from '../instants';
import { isStepDue } from './is-step-due';

export interface NextSteps {
  /** Steps that may start now, in the pipeline's order; they may run side by side. */
  readonly start: readonly PipelineStep[];
  /** Steps that settle without running. */
  readonly skip: readonly { step: PipelineStep; skipped: 'not_due' | 'upstream_failed' }[];
}

/**
 * What a run does next, from what has settled and what is running. When nothing is running and
 * both lists are empty, the run is over.
 *
 * A failed step blocks those after it, except one that `runsAfterFailure`; a blocked step blocks
 * every step after it, because something that all of them need has failed. A step that is merely
 * not due today blocks nothing.
 */
export function nextSteps({
  pipeline,
  date,
  settled,
  running,
}: {
  pipeline: readonly PipelineStep[];
  date: LogicalDate;
  settled: ReadonlyMap<StepName, StepOutcome>;
  running: ReadonlySet<StepName>;
}): NextSteps {
  const ready = pipeline.filter(
    (step) =>
      !settled.has(step.name) &&
      !running.has(step.name) &&
      step.after.every((name) => settled.has(name)),
  );
  const start: PipelineStep[] = [];
  const skip: { step: PipelineStep; skipped: 'not_due' | 'upstream_failed' }[] = [];
  for (const step of ready) {
    if (isBlocked(step, settled)) skip.push({ step, skipped: 'upstream_failed' });
    else if (!isStepDue(step, date)) skip.push({ step, skipped: 'not_due' });
    else start.push(step);
  }
  return { start, skip };
}

function isBlocked(step: PipelineStep, settled: ReadonlyMap<StepName, StepOutcome>): boolean {
  return step.after.some((name) => {
    const upstream = settled.get(name);
    if (upstream?.skipped === 'upstream_failed') return true;
    return upstream?.status === 'failed' && !step.runsAfterFailure;
  });
}
