import { ownerText, parseOwner, type SpoolOwner } from './spool-owner';

/** What the name of a file of predictions says. */
export interface SpoolFileName {
  /** Sorts files as they were begun: 13 digits of milliseconds, a number. */
  readonly order: string;
  /** Undefined while it is written. */
  readonly rows: number | undefined;
  readonly owner: SpoolOwner;
}

export function spoolFileName({ order, rows, owner }: SpoolFileName): string {
  return `${order}.${rows ?? 'open'}.${ownerText(owner)}.jsonl`;
}

/** Undefined where a file of this name is none of the spool's. */
export function parseSpoolFileName(name: string): SpoolFileName | undefined {
  const match = /^(\d{13}-\d{6,})\.(\d+|open)\.(.+)\.jsonl$/.exec(name);
  if (!match) return undefined;
  const [, order = '', rows = '', owner = ''] = match;
  const parsed = parseOwner(owner);
  return parsed && { order, rows: rows === 'open' ? undefined : Number(rows), owner: parsed };
}

/** Of the release before, in the folder of logs; the second while it was read. */
export function isFormerSpool(name: string): boolean {
  return /^predictions-spool(\.[\w-]+)?\.jsonl$/.test(name);
}

/** Orders of files that are begun one after the other, also when the clock goes back. */
export function createOrders(now: () => number): () => string {
  let lastMillis = 0;
  let begun = 0;
  return () => {
    lastMillis = Math.max(lastMillis, now());
    begun += 1;
    return orderOf(lastMillis, begun);
  };
}

/** Before every file that this release begins. */
export function formerOrder(index: number): string {
  return orderOf(0, index);
}

function orderOf(millis: number, index: number): string {
  return `${String(millis).padStart(13, '0')}-${String(index).padStart(6, '0')}`;
}
