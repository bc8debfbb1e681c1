import seedrandom from 'seedrandom';

/** Draws from [0, 1), in steps of 2⁻³², always the same for the same stream. */
export type Draw = () => number;

/**
 * What randomness is for. One family of streams each, so that a new draw for one purpose leaves
 * everything else in the world as it was.
 */
export type Purpose =
  | 'life'
  | 'profile'
  | 'conduct'
  | 'leaving'
  | 'plan-change'
  | 'sessions'
  | 'session-days-late'
  | 'events'
  | 'event-arrival'
  | 'billing'
  | 'seats'
  | 'extra'
  | 'billing-arrival'
  | 'id'
  | 'trial'
  | 'trial-conduct'
  | 'cancellation'
  | 'final-invoice'
  | 'return'
  | 'return-arrival';

/** What generating costs, counted: streams opened, eras walked, cycles filled in, rows made. */
export type Work = 'stream' | 'era' | 'cycle' | 'row';

export type CountWork = (work: Work) => void;

/** Opens the stream `seed/purpose/user/cycle/place`. */
export type OpenStream = (purpose: Purpose, user: number, cycle?: number, place?: number) => Draw;

export interface Streams {
  readonly open: OpenStream;
  readonly countWork: CountWork;
}

const TWO_TO_32 = 2 ** 32;

/** Looked up once: in jest's sandbox a global costs more than the multiplication. */
const imul = Math.imul;

/**
 * seedrandom names the purposes; their users, cycles and sessions are numbered.
 *
 * Opening a stream is what happens most often here: seeding Alea from a text for each would be half
 * the cost of a year and most of a day's. So `seed/purpose` is seeded once, and two words of it,
 * mixed with the numbers, are start and step of a SplitMix generator (Steele, Lea and Flood, 2014).
 */
export function namedStreams(seed: number, countWork: CountWork): Streams {
  const keys = new Map<Purpose, readonly [number, number]>();
  const keyOf = (purpose: Purpose): readonly [number, number] => {
    const words = seedrandom.alea(`${seed}/${purpose}`);
    const key = [words.int32(), words.int32()] as const;
    keys.set(purpose, key);
    return key;
  };
  const open: OpenStream = (purpose, user, cycle = 0, place = 0) => {
    countWork('stream');
    const [start, step] = keys.get(purpose) ?? keyOf(purpose);
    return splitMix(numbered(start, user, cycle, place), numbered(step, user, cycle, place));
  };
  return { open, countWork };
}

function numbered(word: number, user: number, cycle: number, place: number): number {
  return mixed(mixed(mixed(word + user) + cycle) + place);
}

function splitMix(start: number, step: number): Draw {
  const oddStep = step | 1;
  let state = start;
  return () => {
    state = (state + oddStep) | 0;
    return mixed(state) / TWO_TO_32;
  };
}

/** MurmurHash3's finalizer, after a step off zero: 32 bits, unsigned, a bijection. */
export function mixed(word: number): number {
  let bits = (word + 0x9e3779b9) | 0;
  bits = imul(bits ^ (bits >>> 16), 0x85ebca6b);
  bits = imul(bits ^ (bits >>> 13), 0xc2b2ae35);
  return (bits ^ (bits >>> 16)) >>> 0;
}
