import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import type { ActivityInterceptorsFactory } from '@temporalio/worker';
import type { StepAttempt, WorkerMetrics } from './worker-metrics';

type AttemptEnded = Pick<WorkerMetrics, 'attemptEnded'>;

/** Measures each attempt of an activity and says in the log how it ended and what it was about. */
export function observeSteps(metrics: AttemptEnded): ActivityInterceptorsFactory {
  return (context) => ({
    inbound: {
      async execute(input, next) {
        const startedAt = performance.now();
        const end = (ending: Pick<StepAttempt, 'outcome' | 'code'>) => {
          const seconds = (performance.now() - startedAt) / 1_000;
          metrics.attemptEnded({ step: context.info.activityType, seconds, ...ending });
          const subject = subjectOf(input.args[0]);
          context.log.info('step ended', { ...subject, ...ending, seconds });
        };
        try {
          const result = await next(input);
          end({ outcome: 'succeeded' });
          return result;
        } catch (error) {
          const isCancelled = error instanceof CancelledFailure;
          end(isCancelled ? { outcome: 'cancelled' } : { outcome: 'failed', code: codeOf(error) });
          throw error;
        }
      },
    },
  });
}

/** The catalogue's code, which the failure of an activity has as its type: there are few. */
function codeOf(error: unknown): string {
  const type = error instanceof ApplicationFailure ? error.type : undefined;
  return type ?? 'UNKNOWN';
}

/** The date or the dates that a step is about; nothing else of its input. */
function subjectOf(input: unknown): { date?: string; from?: string; to?: string } {
  if (typeof input !== 'object' || input === null) return {};
  const { date, chunk } = input as { date?: unknown; chunk?: { from?: unknown; to?: unknown } };
  if (typeof date === 'string') return { date };
  if (typeof chunk?.from !== 'string' || typeof chunk.to !== 'string') return {};
  return { from: chunk.from, to: chunk.to };
}
