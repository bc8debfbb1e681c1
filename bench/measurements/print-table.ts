import type { Row } from './measurement';

const headings = ['what', 'ours', 'peer', 'ratio', 'budget', 'verdict'] as const;

/** Prints rows as one table on stdout, each column as wide as it has to be. */
export function printTable(rows: readonly Row[]): void {
  const lines = [[...headings], ...rows.map((row) => headings.map((heading) => row[heading]))];
  const widths = headings.map((_, column) =>
    Math.max(...lines.map((line) => line[column]!.length)),
  );
  for (const line of lines) {
    const cells = line.map((cell, column) => cell.padEnd(widths[column]!));
    process.stdout.write(`${cells.join('  ').trimEnd()}\n`);
  }
}
