import type { DateError, PartitionOutcome, SettledDates } from '../packages/contracts';

/** How often a workflow is told at most. Each message is a few events of its history. */
const TELL_MILLIS = 3_000;
const ERRORS_MAX = 20;

/** Says how a chunk's dates settle while others are computed: for its workflow, it is one activity. */
export interface SettledDatesTeller {
  note(outcome: PartitionOutcome): void;
  /**
   * Ends the telling, and resolves when nothing is under way any more.
   *
   * @param options.flush  Tells first what has not been told; without it, the chunk's result does.
   */
  stop(options: { flush: boolean }): Promise<void>;
}

/**
 * @param options.chunk  The first date of the chunk.
 * @param options.tell  Called at the first date, then at most every `tellMs`, one call at a time; it
 *   must not reject.
 */
export function createSettledDatesTeller({
  chunk,
  tell,
  tellMs = TELL_MILLIS,
}: {
  chunk: string;
  tell: (settled: SettledDates) => Promise<void>;
  tellMs?: number;
}): SettledDatesTeller {
  const counts = { succeeded: 0, skipped: 0 };
  const failed: string[] = [];
  const errors: DateError[] = [];
  let isNews = false;
  let timer: NodeJS.Timeout | undefined;
  let telling = Promise.resolve();
  const tellNow = () => {
    isNews = false;
    const settled = { chunk, ...counts, failed: [...failed], errors: [...errors] };
    telling = telling.then(() => tell(settled));
  };
  const tellAfter = (millis: number) => {
    timer ??= setTimeout(() => {
      timer = undefined;
      if (!isNews) return;
      tellNow();
      tellAfter(tellMs);
    }, millis);
  };
  return {
    note: ({ date, status, error }) => {
      if (status === 'succeeded' || status === 'skipped') counts[status] += 1;
      if (status === 'failed') failed.push(date);
      if (error && errors.length < ERRORS_MAX) errors.push({ date, error });
      isNews = true;
      // Those that a stopped attempt has done settle all at once, and are one message.
      tellAfter(0);
    },
    stop: async ({ flush }) => {
      clearTimeout(timer);
      if (flush && isNews) tellNow();
      await telling;
    },
  };
}
