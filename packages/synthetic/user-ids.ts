import { chooseIndex } from './choose';
import { mixed, type Streams } from './named-streams';

/** Makes the ids of one user's rows. */
export interface UserIds {
  readonly user: string;
  /**
   * The id of a row or session: unique within its table.
   *
   * @param letter  What kind of row it is.
   * @param cycle, place, order  Its cycle, its place in the cycle, the order of an event in a session.
   */
  readonly row: (letter: string, cycle: number, place?: number, order?: number) => string;
}

/** As apps have them: numbered, of an identity provider, of a billing provider, as long as can be. */
const kinds = ['padded', 'uuid', 'billing', 'number', 'provider', 'longest'] as const;
const kindShares = [0.2, 0.4, 0.15, 0.1, 0.1, 0.05] as const;
const LONGEST_ID = 128;

/** Short ids, all alike: u000042, e42.3.1.0. */
export function plainIds(index: number): UserIds {
  return {
    user: `u${String(index).padStart(6, '0')}`,
    // Spelt out: this is most of what a row costs, and joining an array would cost twice as much.
    row: (letter, cycle, place, order) => {
      const ofCycle = `${letter}${index}.${cycle}`;
      if (place === undefined) return ofCycle;
      return order === undefined ? `${ofCycle}.${place}` : `${ofCycle}.${place}.${order}`;
    },
  };
}

/** Ids of 1 to 128 bytes, two fifths of them uuids: a pure function of the world's seed and the user. */
export function mixedIds(index: number, streams: Streams): UserIds {
  const draw = streams.open('id', index);
  const word = () => Math.floor(draw() * 2 ** 32);
  const plain = plainIds(index);
  switch (kinds[chooseIndex(kindShares, draw())]!) {
    case 'padded':
      return plain;
    case 'uuid':
      return uuids(index, word);
    case 'billing':
      return { ...plain, user: `cus_${base36(mixed(index), 7)}${base36(word(), 7)}` };
    case 'number':
      return { ...plain, user: String(index) };
    case 'provider':
      return { ...plain, user: `auth0|${hex(mixed(index))}${hex(word())}${hex(word())}` };
    case 'longest': {
      const padded = (id: string) => id.padEnd(LONGEST_ID, '~');
      return {
        user: padded(`https://accounts.example.com/tenants/${hex(word())}/users/${index}/`),
        row: (letter, cycle, place, order) =>
          padded(`urn:example:${plain.row(letter, cycle, place, order)}:`),
      };
    }
  }
}

/** `mixed` is a bijection: numbers that differ make words, and so uuids, that differ. */
function uuids(index: number, word: () => number): UserIds {
  const [first, salt, filler] = [hex(mixed(index)), word(), hex(word()).slice(0, 4)];
  return {
    user: uuid(first, hex(word()), filler, word()),
    row: (letter, cycle, place = 0, order = 0) => {
      const second = hex(mixed(salt + cycle * 256 + place));
      return uuid(first, second, filler, mixed(letter.charCodeAt(0) + salt) + order);
    },
  };
}

/** Version 4, from two words, four digits and a word. */
function uuid(first: string, second: string, filler: string, last: number): string {
  const [a, b, c] = [second.slice(0, 4), second.slice(4, 7), second.slice(7)];
  return `${first}-${a}-4${b}-8${c}${filler.slice(0, 2)}-${filler}${hex(mixed(last))}`;
}

function hex(word: number): string {
  return (word >>> 0).toString(16).padStart(8, '0');
}

function base36(word: number, digits: number): string {
  return word.toString(36).padStart(digits, '0');
}
