/**
 * Files that survive a crash: written, synced and renamed; their hashes, locks held by processes
 * that are told apart from later ones, and the errors of storage.
 */
export {
  appendDurably,
  linkInPlaceOf,
  makeFolder,
  moveIntoPlace,
  publishFolder,
  readTextIfThere,
  removeAtOnce,
  replaceDurably,
  requireWritable,
  syncToDisk,
  temporaryIn,
  writeDurably,
} from './durable-files';
export { describeFile, sha256OfFile } from './file-hash';
export { withFileLock } from './file-lock';
export { processHost } from './process-host';
export { isAlive, isSameProcess, processIdentity } from './process-identity';
export { asStorageError, storageError, systemCode } from './storage-error';
