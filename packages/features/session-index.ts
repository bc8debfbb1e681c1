/** Fuller tables are searched longer. */
const FILLED_MAX = 0.7;

/** How many slots near a user's others are tried, before one anywhere. */
const NEAR = 16;

/**
 * Numbers sessions 0, 1, … by user and 64-bit hash of their id: a hash table in typed arrays, since
 * there are millions. A user's sessions lie near each other, as their rows come after each other.
 * Two sessions of one user are one if their hashes are equal; among a million sessions of a user
 * that happens once in forty million times (docs/decisions/0015).
 */
export class SessionIndex {
  private count = 0;
  /** Number + 1 of the session in a slot; 0 is empty. */
  private slots: Int32Array;
  /** Per session: its user and the two words of its hash. */
  private keys: Int32Array;

  /** @param expected  About how many users and sessions there are. */
  constructor(private readonly expected: { readonly users: number; readonly sessions: number }) {
    const bits = Math.ceil(Math.log2(Math.max(expected.sessions, 1_000) / FILLED_MAX));
    this.slots = new Int32Array(2 ** bits);
    this.keys = new Int32Array(3 * roomIn(this.slots));
  }

  /** The number of a session; a new one if it is new. */
  numberOf(user: number, low: number, high: number): number {
    const slot = this.slotOf(user, low, high);
    const number = this.slots[slot]! - 1;
    return number < 0 ? this.insert(slot, user, low, high) : number;
  }

  /** The slot that has a session, or that it would have. */
  private slotOf(user: number, low: number, high: number): number {
    const { slots, keys } = this;
    const mask = slots.length - 1;
    const perUser = Math.max(1, Math.floor(slots.length / this.expected.users));
    let slot = (Math.imul(user, perUser) + ((low >>> 0) % perUser)) & mask;
    for (let probe = 1; ; probe += 1) {
      const key = (slots[slot]! - 1) * 3;
      if (key < 0) return slot;
      if (keys[key] === user && keys[key + 1] === low && keys[key + 2] === high) return slot;
      slot = (probe === NEAR ? Math.imul(user, 0x9e3779b1) ^ high : slot + 1) & mask;
    }
  }

  private insert(slot: number, user: number, low: number, high: number): number {
    const number = this.count;
    this.count += 1;
    this.keys[number * 3] = user;
    this.keys[number * 3 + 1] = low;
    this.keys[number * 3 + 2] = high;
    this.slots[slot] = number + 1;
    if (this.count === roomIn(this.slots)) this.grow();
    return number;
  }

  private grow(): void {
    const { keys } = this;
    this.slots = new Int32Array(this.slots.length * 2);
    this.keys = new Int32Array(3 * roomIn(this.slots));
    this.keys.set(keys);
    for (let number = 0; number < this.count; number += 1) {
      const key = number * 3;
      this.slots[this.slotOf(keys[key]!, keys[key + 1]!, keys[key + 2]!)] = number + 1;
    }
  }
}

function roomIn(slots: Int32Array): number {
  return Math.floor(slots.length * FILLED_MAX);
}
