/** What logs say of errors. */
export { errorDocument } from './error-document';
