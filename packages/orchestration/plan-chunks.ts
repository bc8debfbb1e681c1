import type { DateChunk } from '../contracts';
import { addDays, datesBetween, type LogicalDate } from '../instants';

/**
 * Groups dates into chunks that each span at most `daysPerChunk` calendar days, in ascending
 * order. A chunk costs one scan of the events however many of its days are left out, so a range of
 * n days never makes more than ⌈n / daysPerChunk⌉ chunks.
 *
 * @param dates  Dates to run, in any order; repeated ones count once.
 * @throws RangeError when `daysPerChunk` is not a positive integer.
 */
export function planChunks(
  dates: readonly LogicalDate[],
  { daysPerChunk = 30 }: { daysPerChunk?: number } = {},
): DateChunk[] {
  if (!Number.isInteger(daysPerChunk) || daysPerChunk < 1) {
    throw new RangeError(`daysPerChunk must be a positive integer, got ${daysPerChunk}`);
  }
  const remaining = [...new Set(dates)].sort();
  const chunks: DateChunk[] = [];
  for (let start = 0; start < remaining.length;) {
    const from = remaining[start]!;
    const last = addDays(from, daysPerChunk - 1);
    const within = remaining.slice(start, start + daysPerChunk);
    const members = within.filter((date) => date <= last);
    chunks.push(chunkOf(members));
    start += members.length;
  }
  return chunks;
}

function chunkOf(members: readonly LogicalDate[]): DateChunk {
  const from = members[0]!;
  const to = members.at(-1)!;
  const wanted = new Set(members);
  return { from, to, except: datesBetween(from, to).filter((date) => !wanted.has(date)) };
}

/** The dates a chunk runs, ascending. */
export function datesOfChunk(chunk: DateChunk): LogicalDate[] {
  const except = new Set(chunk.except);
  return datesBetween(chunk.from, chunk.to).filter((date) => !except.has(date));
}
