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

/**
 * Progress for people: one line that updates on a terminal, a line per step elsewhere. A step never
 * counts backwards, though its attempt may start again; before it has a name there is nothing to say.
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
  let most = { what: '', done: 0 };
  const end = () => {
    if (isOpen && terminal.isInteractive) terminal.err('\n');
    isOpen = false;
  };
  return {
    show: (what, done = 0, total) => {
      if (what === '') return;
      most = { what, done: most.what === what ? Math.max(most.done, done) : done };
      const counted = total ? `${what}  ${most.done}/${total}` : what;
      if (terminal.isInteractive) {
        terminal.err(`\r\u001b[K${counted}`);
        isOpen = true;
      } else if (
        counted !== lastLine &&
        (most.done === total || terminal.clock() - lastTime > LINE_EVERY_MILLIS)
      ) {
        terminal.err(`${counted}\n`);
        lastTime = terminal.clock();
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
