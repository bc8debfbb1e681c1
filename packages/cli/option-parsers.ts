import { readdirSync, statSync, type Stats } from 'node:fs';
import path from 'node:path';
import { InvalidArgumentError } from 'commander';
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
  if (text === 'latest' || text === 'as-served') return text;
  try {
    return instantOption(text);
  } catch (error) {
    throw new InvalidArgumentError(`Give latest, as-served or a moment. ${messageOf(error)}`);
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
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

/** A user id as it may be given: not empty. */
export function userOption(text: string): string {
  if (text.trim() === '') throw new InvalidArgumentError('A user id must not be empty.');
  return text;
}

/** The name of a model version: `v` and at least three digits. */
export function modelVersion(text: string): string {
  if (/^v\d{3,}$/.test(text)) return text;
  throw new InvalidArgumentError('Versions are written v001, v002 and so on.');
}

/** The name of a version, or `none`: null. */
export function championOption(text: string): string | null {
  return text === 'none' ? null : modelVersion(text);
}

const REASON_LENGTH_MAX = 500;

/** Why something is changed: one line of 1 to 500 characters. */
export function reasonOption(text: string): string {
  const reason = text.trim();
  const isText = reason.length >= 1 && reason.length <= REASON_LENGTH_MAX;
  if (isText && !/[\p{Cc}\p{Cs}\p{Zl}\p{Zp}]/u.test(reason)) return reason;
  throw new InvalidArgumentError(
    `Give one line of 1 to ${REASON_LENGTH_MAX} characters, without control characters.`,
  );
}

/** The id that the answer of a prediction has. */
export function predictionId(text: string): string {
  if (/^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i.test(text)) return text;
  throw new InvalidArgumentError(
    "The id of a prediction is a UUID. The response of the API's /predict contains it; predictions of `churn predict` have none.",
  );
}

/** A folder that is there. */
export function existingFolder(text: string): string {
  const found = lookAt(text);
  if (!found) throw new InvalidArgumentError('There is no such folder.');
  if (!found.isDirectory()) throw new InvalidArgumentError('It is not a folder.');
  return text;
}

/** A file that is there. */
export function existingFile(text: string): string {
  const found = lookAt(text);
  if (!found) throw new InvalidArgumentError('There is no such file.');
  if (found.isDirectory()) throw new InvalidArgumentError('It is a folder, not a file.');
  return text;
}

/** A folder that is not there yet, or empty. */
export function emptyFolder(text: string): string {
  const found = lookAt(text);
  if (!found) return text;
  if (!found.isDirectory()) throw new InvalidArgumentError('It is not a folder.');
  const names = onDisk(() => readdirSync(path.resolve(text)));
  if (names.length > 0) throw new InvalidArgumentError('The folder is not empty.');
  return text;
}

/** A file to write: what is there may be replaced, but for a folder. */
export function fileToWrite(text: string): string {
  if (lookAt(text)?.isDirectory()) throw new InvalidArgumentError('It is a folder, not a file.');
  return text;
}

/** What is at a path; undefined: nothing. */
function lookAt(text: string): Stats | undefined {
  if (text.trim() === '') throw new InvalidArgumentError('A path must not be empty.');
  return onDisk(() => statSync(path.resolve(text), { throwIfNoEntry: false }));
}

function onDisk<T>(look: () => T): T {
  try {
    return look();
  } catch (error) {
    throw new InvalidArgumentError(`It can't be read: ${messageOf(error)}.`);
  }
}
