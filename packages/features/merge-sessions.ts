import { isInOrder, offsetsOf } from './user-series';

/** Parts of sessions of users 0 … userCount − 1, in any order. */
export interface SessionParts {
  readonly userCount: number;
  readonly user: Int32Array;
  /** The hash of each part's session: two 32-bit words, the lower one first. */
  readonly session: Int32Array;
  readonly first: Float64Array;
  readonly last: Float64Array;
}

/** Whole sessions, by user, each user's in the order of their first parts. */
export type Sessions = Omit<SessionParts, 'userCount' | 'session'>;

/** Merges the parts of each session: from the first of their firsts to the last of their lasts. */
export function mergeSessions(parts: SessionParts): Sessions {
  const { userCount, user, first, last } = parts;
  const offsets = offsetsOf(user, userCount);
  const order = isInOrder(user) ? undefined : partsByUser(user, offsets);
  const sessions = new SessionsOfUser(parts.session);
  const merged = {
    user: new Int32Array(user.length),
    first: new Float64Array(user.length),
    last: new Float64Array(user.length),
  };
  let count = 0;
  for (let u = 0; u < userCount; u += 1) {
    const start = count;
    sessions.clear(offsets[u + 1]! - offsets[u]!);
    for (let place = offsets[u]!; place < offsets[u + 1]!; place += 1) {
      const part = order ? order[place]! : place;
      const session = start + sessions.sessionOf(part);
      if (session === count) {
        merged.user[count] = u;
        merged.first[count] = first[part]!;
        merged.last[count] = last[part]!;
        count += 1;
      } else {
        merged.first[session] = Math.min(merged.first[session]!, first[part]!);
        merged.last[session] = Math.max(merged.last[session]!, last[part]!);
      }
    }
  }
  return {
    user: merged.user.subarray(0, count),
    first: merged.first.subarray(0, count),
    last: merged.last.subarray(0, count),
  };
}

/** The parts, a user's after another's, each user's in the order they came in. */
function partsByUser(user: Int32Array, offsets: Int32Array): Int32Array {
  const order = new Int32Array(user.length);
  const next = offsets.slice();
  for (let part = 0; part < user.length; part += 1) order[next[user[part]!]!++] = part;
  return order;
}

/** Numbers the sessions of one user 0, 1, …: a hash table that is small, and so in the cache. */
class SessionsOfUser {
  /** The first part, + 1, of the session in a slot; 0 is empty. */
  private parts = new Int32Array(1_024);
  /** The number of the session in a slot. */
  private numbers = new Int32Array(1_024);
  private mask = 0;
  private count = 0;

  constructor(private readonly session: Int32Array) {}

  /** Begins a user who has at most so many sessions. */
  clear(sessionsMax: number): void {
    const slots = 2 ** Math.ceil(Math.log2(2 * sessionsMax + 1));
    if (slots > this.parts.length) {
      this.parts = new Int32Array(slots);
      this.numbers = new Int32Array(slots);
    } else {
      this.parts.fill(0, 0, slots);
    }
    this.mask = slots - 1;
    this.count = 0;
  }

  /** The number of a part's session; the next one where it has none yet. */
  sessionOf(part: number): number {
    const { session, parts, numbers, mask } = this;
    const low = session[2 * part]!;
    const high = session[2 * part + 1]!;
    let slot = low & mask;
    for (;;) {
      const other = parts[slot]! - 1;
      if (other < 0) break;
      if (session[2 * other] === low && session[2 * other + 1] === high) return numbers[slot]!;
      slot = (slot + 1) & mask;
    }
    parts[slot] = part + 1;
    numbers[slot] = this.count;
    this.count += 1;
    return numbers[slot]!;
  }
}
