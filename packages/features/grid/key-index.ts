/** Fuller tables are searched longer. */
const FILLED_MAX = 0.7;

/** How many slots near an owner's others are tried, before others anywhere. */
const NEAR = 16;

/**
 * Numbers keys 0, 1, … that are an owner and a 64-bit hash, such as a user and that of a session's
 * id: a hash table in typed arrays, since there are millions. The keys of an owner lie near each
 * other, as their rows come after each other.
 */
export class KeyIndex {
  private count = 0;
  /** Number + 1 of the key in a slot; 0 is empty. */
  private slots = new Int32Array(0);
  /** Per key: its owner and the two words of its hash. */
  private keys = new Int32Array(0);
  /** How many slots each owner has its keys in, at first. */
  private perOwner = 1;

  /** @param expected  About how many owners and keys there are. */
  constructor(private readonly expected: { readonly owners: number; readonly keys: number }) {
    const bits = Math.ceil(Math.log2(Math.max(expected.keys, 1_000) / FILLED_MAX));
    this.allocate(2 ** bits);
  }

  private allocate(slotCount: number): void {
    // Written once, since pages that are first read and then written cost the system twice.
    this.slots = new Int32Array(slotCount).fill(0);
    this.keys = new Int32Array(3 * roomIn(this.slots));
    this.perOwner = Math.max(1, Math.floor(slotCount / this.expected.owners));
  }

  /** The number of a key; a new one if it is new. */
  numberOf(owner: number, low: number, high: number): number {
    const slot = this.slotOf(owner, low, high);
    const number = this.slots[slot]! - 1;
    return number < 0 ? this.insert(slot, owner, low, high) : number;
  }

  /** The number of a key; −1 where it has none. */
  find(owner: number, low: number, high: number): number {
    return this.slots[this.slotOf(owner, low, high)]! - 1;
  }

  /** The slot that has a key, or that it would have. */
  private slotOf(owner: number, low: number, high: number): number {
    const { slots, keys, perOwner } = this;
    const mask = slots.length - 1;
    // The hash as a fraction: dividing by a number that is not known beforehand is slow.
    const place = Math.floor((low >>> 0) * 2 ** -32 * perOwner);
    let slot = (Math.imul(owner, perOwner) + place) & mask;
    for (let probe = 1; ; probe += 1) {
      const key = (slots[slot]! - 1) * 3;
      if (key < 0) return slot;
      if (keys[key] === owner && keys[key + 1] === low && keys[key + 2] === high) return slot;
      // Slots that follow each other are mostly taken together: one after the other, a full place
      // would be left after thousands. An odd step reaches all.
      const step = probe < NEAR ? 1 : Math.imul(owner ^ high, 0x9e3779b1) | 1;
      slot = (slot + step) & mask;
    }
  }

  private insert(slot: number, owner: number, low: number, high: number): number {
    const number = this.count;
    this.count += 1;
    this.keys[number * 3] = owner;
    this.keys[number * 3 + 1] = low;
    this.keys[number * 3 + 2] = high;
    this.slots[slot] = number + 1;
    if (this.count === roomIn(this.slots)) this.grow();
    return number;
  }

  private grow(): void {
    const { keys } = this;
    this.allocate(this.slots.length * 2);
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
