/**
 * Files that survive a crash: written, synced and renamed; their hashes, and the errors of
 * storage.
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
  syncToDisk,
  temporaryIn,
  writeDurably,
} from './durable-files';
export { describeFile, sha256OfFile } from './file-hash';
export { asStorageError, storageError, systemCode } from './storage-error';
