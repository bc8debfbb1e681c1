/** Where a command writes: results to `out`, progress and errors to `err`. */
export interface Terminal {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  /** Whether progress may overwrite its own line. */
  readonly isInteractive: boolean;
}

/** Progress for people: one line that updates on a terminal, a line per step elsewhere. */
export function createProgressLine(terminal: Terminal): {
  show(what: string, done?: number, total?: number): void;
  end(): void;
} {
  let lastShown = '';
  let isOpen = false;
  const end = () => {
    if (isOpen && terminal.isInteractive) terminal.err('\n');
    isOpen = false;
  };
  return {
    show: (what, done, total) => {
      const counted = total ? `${what}  ${done ?? 0}/${total}` : what;
      if (terminal.isInteractive) {
        terminal.err(`\r\u001b[K${counted}`);
        isOpen = true;
      } else if (isWorthALine(lastShown, what, done, total)) {
        terminal.err(`${counted}\n`);
      }
      lastShown = what;
    },
    end,
  };
}

/** Elsewhere than on a terminal: the start of something new, and every hundredth of it. */
function isWorthALine(last: string, what: string, done = 0, total = 0): boolean {
  if (total === 0) return last !== what;
  return done === total || done % Math.max(1, Math.round(total / 4)) === 0;
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
