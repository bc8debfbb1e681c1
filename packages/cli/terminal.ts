/** Where a command writes: results to `out`, progress and errors to `err`. */
export interface Terminal {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  /** Monotonic milliseconds. */
  readonly clock: () => number;
  /** Whether progress may overwrite its own line. */
  readonly isInteractive: boolean;
}

/** Elsewhere than on a terminal a line of progress comes no more often than this. */
const LINE_EVERY_MILLIS = 2_000;

/** Before, the pace of a step says little. */
const PACE_AFTER_MILLIS = 5_000;

/**
 * Progress for people: one line that updates on a terminal, a line per step elsewhere, with the time
 * that the step will still take at the pace it had so far. A step never counts backwards, though its
 * attempt may start again; before it has a name there is nothing to say.
 */
export function createProgressLine(terminal: Terminal): {
  show(what: string, done?: number, total?: number): void;
  /** A line of its own that stays. */
  note(text: string): void;
  end(): void;
} {
  let lastLine = '';
  let lastTime = -Infinity;
  let isOpen = false;
  let most = { what: '', done: 0, since: 0, from: 0 };
  const end = () => {
    if (isOpen && terminal.isInteractive) terminal.err('\n');
    isOpen = false;
  };
  return {
    show: (what, done = 0, total) => {
      if (what === '') return;
      const now = terminal.clock();
      most =
        most.what === what
          ? { ...most, done: Math.max(most.done, done) }
          : { what, done, since: now, from: done };
      const counted = countedSteps(most, total);
      const left = timeLeft(most, { total, now });
      if (terminal.isInteractive) {
        terminal.err(`\r\u001b[K${counted}${left}`);
        isOpen = true;
      } else if (
        counted !== lastLine &&
        (most.done === total || now - lastTime > LINE_EVERY_MILLIS)
      ) {
        terminal.err(`${counted}${left}\n`);
        lastTime = now;
        lastLine = counted;
      }
    },
    note: (text) => {
      if (isOpen && terminal.isInteractive) terminal.err('\r\u001b[K');
      isOpen = false;
      terminal.err(`${text}\n`);
    },
    end,
  };
}

interface Pace {
  readonly what: string;
  readonly done: number;
  /** When the step was first heard of, and what was done by then. */
  readonly since: number;
  readonly from: number;
}

function countedSteps({ what, done }: Pace, total: number | undefined): string {
  if (total) return `${what}  ${done}/${total}`;
  return done > 0 ? `${what}  ${done}` : what;
}

function timeLeft(
  { done, since, from }: Pace,
  { total = 0, now }: { total: number | undefined; now: number },
): string {
  const elapsed = now - since;
  if (elapsed < PACE_AFTER_MILLIS || done <= from || done >= total) return '';
  const seconds = Math.ceil((elapsed * (total - done)) / (done - from) / 1000);
  return seconds < 120 ? `, ${seconds} s left` : `, ${Math.round(seconds / 60)} min left`;
}

/** Left-aligned columns under a header. */
export function renderTable(
  header: readonly string[],
  rows: readonly (readonly (string | number | null)[])[],
): string {
  const lines = [
    header,
    ...rows.map((row) => row.map((cell) => (cell === null ? '–' : String(cell)))),
  ];
  const widths = header.map((_, column) =>
    Math.max(...lines.map((line) => line[column]?.length ?? 0)),
  );
  return lines
    .map((line) =>
      line
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
