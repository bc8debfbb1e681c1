import { CancellationScope, isCancellation, sleep } from '@temporalio/workflow';
import type { StepName } from '../../packages/contracts';
import type { SlaDeadline } from '../../packages/orchestration';
import { raiseAlert } from '../raise-alert';
import { workflowClock } from '../workflow-clock';

/**
 * Waits for each deadline in turn and alerts when its step has not settled by then: once per level,
 * and only the breach when both have passed already. Never fails the run.
 *
 * @returns a function that ends the watch and waits for an alert under way.
 */
export function watchSla({
  date,
  deadlines,
  isSettled,
  onBreach,
}: {
  date: string;
  /** Earliest first. */
  deadlines: readonly SlaDeadline[];
  isSettled: (step: StepName) => boolean;
  onBreach: (step: StepName) => void;
}): () => Promise<void> {
  const scope = new CancellationScope();
  const isOutrun = ({ step, level }: SlaDeadline) =>
    level === 'warn' &&
    deadlines.some(
      (other) =>
        other.step === step && other.level === 'breach' && other.atMillis <= workflowClock(),
    );
  const watch = async () => {
    for (const deadline of deadlines) {
      if (scope.consideredCancelled) return;
      if (isSettled(deadline.step)) continue;
      const wait = deadline.atMillis - workflowClock();
      if (wait > 0) await sleep(wait, { summary: `SLA ${deadline.level} of ${deadline.step}` });
      if (isSettled(deadline.step) || isOutrun(deadline)) continue;
      if (deadline.level === 'breach') onBreach(deadline.step);
      await raiseAlert(alertOf(date, deadline));
    }
  };
  const watching = scope.run(watch).catch((error: unknown) => {
    if (!isCancellation(error)) throw error;
  });
  return async () => {
    scope.cancel();
    await watching;
  };
}

function alertOf(date: string, { step, level, minutes }: SlaDeadline) {
  return {
    key: `sla/${date}/${step}/${level}`,
    kind: 'sla',
    severity: level === 'breach' ? 'critical' : 'warning',
    date,
    message: `${step} of ${date} is not done ${minutes} minutes after the nominal time.`,
    details: { step, level, minutes },
  } as const;
}
