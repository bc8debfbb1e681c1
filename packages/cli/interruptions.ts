/** A signal within this time of the first is the same Ctrl-C: npm passes on what the terminal sends. */
const SAME_KEY_MS = 500;

/** What Node answers a signal with when nobody listens: 128 + 2. */
const INTERRUPTED = 130;

/**
 * What Ctrl-C does: the first time it asks the command to stop, which cancels what it started; the
 * second time it ends the process at once.
 *
 * @returns a listener for SIGINT.
 */
export function createInterruptListener(ports: {
  /** Monotonic milliseconds. */
  clock(): number;
  stop(): void;
  note(text: string): void;
  exit(code: number): void;
}): () => void {
  let firstAt: number | undefined;
  return () => {
    if (firstAt === undefined) {
      firstAt = ports.clock();
      ports.note('Stopping. Press Ctrl-C again to end at once.');
      ports.stop();
    } else if (ports.clock() - firstAt > SAME_KEY_MS) {
      ports.exit(INTERRUPTED);
    }
  };
}
