import { defineSignal, setHandler } from '@temporalio/workflow';
import { workflowMessages, type StepRetry } from '../packages/contracts';

const retryingSignal = defineSignal<[StepRetry]>(workflowMessages.retrying);

/** What is being tried again, as the activities that failed have told. */
export interface Retries {
  list(): readonly StepRetry[];
  /** The step has ended, one way or the other. */
  forget(step: string): void;
}

/**
 * Listens for activities that failed and are tried again. A workflow does not see this by itself:
 * for it, an activity with retries is one event. Shows and remembers only; what the run does stays
 * the same.
 */
export function watchRetries(onChange: () => void): Retries {
  const retries = new Map<string, StepRetry>();
  setHandler(retryingSignal, (retry) => {
    retries.set(retry.step, retry);
    onChange();
  });
  return {
    list: () => [...retries.values()],
    forget: (step) => void retries.delete(step),
  };
}

/** One of them, for people. */
export function describeRetry({ step, attempt, error }: StepRetry): string {
  return `${step} is tried again; attempt ${attempt} failed: ${error}`;
}
