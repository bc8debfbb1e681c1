import { InvalidArgumentError } from 'commander';
import { ChurnError } from '../contracts';
import { parseInstant, parseLogicalDate } from '../instants';

/** `YYYY-MM-DD`. */
export function dateOption(text: string): string {
  return orInvalid(() => parseLogicalDate(text));
}

/** An ISO 8601 instant; without a zone it is UTC. */
export function instantOption(text: string): string {
  orInvalid(() => parseInstant(text));
  return text;
}

/** What the parse refuses is refused as an argument, in the same words as a sentence. */
function orInvalid<T>(parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    const { message } = error as Error;
    throw new InvalidArgumentError(`${message.charAt(0).toUpperCase()}${message.slice(1)}.`);
  }
}

/** `latest`, `as-served`, or an instant. */
export function knownAtOption(text: string): string {
  return text === 'latest' || text === 'as-served' ? text : instantOption(text);
}

/** A whole number in a range, both ends inclusive. */
export function wholeNumber({ min, max }: { min: number; max: number }): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!/^-?\d+$/.test(text) || value < min || value > max) {
      throw new InvalidArgumentError(`Give a whole number from ${min} to ${max}.`);
    }
    return value;
  };
}

/** One of a few words. */
export function oneOf<T extends string>(...words: readonly T[]): (text: string) => T {
  return (text) => {
    const word = words.find((candidate) => candidate === text);
    if (!word) throw new InvalidArgumentError(`Give one of ${words.join(', ')}.`);
    return word;
  };
}

/** @throws ChurnError INVALID_DATE_RANGE when the range ends before it begins. */
export function requireOrder({ from, to }: { from?: string; to?: string }): void {
  if (from === undefined || to === undefined || from <= to) return;
  throw new ChurnError('INVALID_DATE_RANGE', { from, to, problem: 'it ends before it begins' });
}

/** A user id as it may be given: not empty. */
export function userOption(text: string): string {
  if (text.trim() === '') throw new InvalidArgumentError('A user id is not empty.');
  return text;
}
