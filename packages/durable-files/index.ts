export {
  appendDurably,
  makeFolder,
  moveIntoPlace,
  publishFolder,
  readTextIfThere,
  replaceByLink,
  replaceDurably,
  syncToDisk,
  writeDurably,
} from './durable-files';
export { describeFile, sha256OfFile } from './file-hash';
export { asStorageError, storageError, systemCode } from './storage-error';
