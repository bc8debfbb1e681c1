export {
  appendDurably,
  makeFolder,
  moveIntoPlace,
  publishFolder,
  readTextIfThere,
  removeAtOnce,
  replaceByLink,
  replaceDurably,
  syncToDisk,
  temporaryIn,
  writeDurably,
} from './durable-files';
export { describeFile, sha256OfFile } from './file-hash';
export { asStorageError, storageError, systemCode } from './storage-error';
