/** So many batches that have a folder each are merged together. */
const FOLDERS_MIN = 16;
/** Or so many bytes of them: about two hundred thousand rows. */
const FOLDER_BYTES_MIN = 2 ** 21;
/** A run that is as large stays as it is: about a million events. */
export const FULL_RUN_BYTES = 2 ** 24;
/** A run is merged with those after it when together they are so many times as large. */
const FAN_IN = 5;

/** Of a log that was never merged, so many folders are merged at a time. */
const FOLDERS_PER_MERGE = 256;

/** Whether the folders of single batches, of so many bytes each, are to be merged now. */
export function isMergeDue(folderBytes: readonly number[]): boolean {
  return folderBytes.length >= FOLDERS_MIN || sum(folderBytes) >= FOLDER_BYTES_MIN;
}

/**
 * How many of the folders, the first ones, are merged at a time. A merge that begins before a run
 * takes that run along, and a run holds all batches between its first and its last: so all folders
 * before the end of the last run are taken, however many they are.
 *
 * @param batches  Of the folders, ascending.
 * @param lastMerged  The last batch of all runs; 0 without any.
 */
export function countFoldersToMerge(batches: readonly number[], lastMerged: number): number {
  const beforeLast = batches.filter((batch) => batch < lastMerged).length;
  return Math.max(beforeLast, Math.min(batches.length, FOLDERS_PER_MERGE));
}

/**
 * Which of a table's runs, the oldest first, are merged with what is new: all from the returned index
 * on. A run is written again only into one that is six times as large, so that the number of times
 * grows with the logarithm of the rows, and so does the number of runs that are not full.
 */
export function firstRunToMerge(runBytes: readonly number[], newBytes: number): number {
  const last = runBytes.findLastIndex((bytes) => bytes >= FULL_RUN_BYTES);
  for (let index = last + 1; index < runBytes.length; index += 1) {
    if (runBytes[index]! * FAN_IN <= sum(runBytes.slice(index + 1)) + newBytes) return index;
  }
  return runBytes.length;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0);
}
