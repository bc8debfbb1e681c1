/** `ENOENT` and its like, or an empty text; also of an error from another module realm (jest). */
export function systemErrorCode(error: unknown): string {
  const hasCode = typeof error === 'object' && error !== null && 'code' in error;
  return hasCode ? String(error.code) : '';
}
