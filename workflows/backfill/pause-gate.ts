import { CancellationScope, condition } from '@temporalio/workflow';
import { waitsForStopped } from '../activity-proxies';

/** Lets work through while a backfill is not paused. */
export interface PauseGate {
  /** Stops what runs through the gate; it begins again when the gate opens. */
  pause(): void;
  resume(): void;
  /** Resolves while it is open, at once or when it opens. */
  opened(): Promise<void>;
  /**
   * Runs work that goes on where it was when it is called again, such as an activity: once, and again
   * after each pause that stopped it.
   */
  run<T>(work: () => Promise<T>): Promise<T>;
}

/** @param state.paused  Is kept up to date; continue-as-new carries it. */
export function createPauseGate(state: { paused: boolean }): PauseGate {
  const running = new Set<CancellationScope>();
  const stopped = new Set<CancellationScope>();
  const runOnce = async <T>(scope: CancellationScope, work: () => Promise<T>) => {
    running.add(scope);
    try {
      return { result: await scope.run(work) };
    } catch (error) {
      // Whatever it failed of: an activity whose worker is gone ends by a timeout. It begins again.
      if (stopped.has(scope)) return undefined;
      throw error;
    } finally {
      running.delete(scope);
      stopped.delete(scope);
    }
  };
  return {
    pause: () => {
      state.paused = true;
      if (running.size === 0 || !waitsForStopped()) return;
      for (const scope of running) {
        stopped.add(scope);
        scope.cancel();
      }
    },
    resume: () => {
      state.paused = false;
    },
    opened: async () => {
      if (state.paused && waitsForStopped()) await condition(() => !state.paused);
    },
    run: async (work) => {
      for (;;) {
        const done = await runOnce(new CancellationScope(), work);
        if (done) return done.result;
        // Rejects when the backfill is cancelled meanwhile.
        await condition(() => !state.paused);
      }
    },
  };
}
