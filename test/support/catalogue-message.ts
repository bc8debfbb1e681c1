import { errorCatalogue, type ErrorCode } from '../../packages/contracts/errors';

/**
 * Matches the message of an error as the catalogue words it, so that a test which expects an error
 * need not quote it. A detail may be a pattern; one that is not given may be anything.
 *
 * @throws Error for a detail that the message does not hold.
 */
export function catalogueMessage(
  code: ErrorCode,
  details: Readonly<Record<string, string | number | RegExp>> = {},
): RegExp {
  const parts = errorCatalogue[code].message.split(/\{(\w+)\}/);
  const holes = parts.filter((_, index) => index % 2 === 1);
  const unknown = Object.keys(details).filter((name) => !holes.includes(name));
  if (unknown.length > 0) throw new Error(`${code} does not hold ${unknown.join(', ')}`);
  const patterns = parts.map((part, index) =>
    index % 2 === 0 ? literally(part) : patternOf(details[part]),
  );
  return new RegExp(patterns.join(''));
}

function patternOf(detail: string | number | RegExp | undefined): string {
  if (detail === undefined) return '[^]*';
  return detail instanceof RegExp ? `(?:${detail.source})` : literally(String(detail));
}

function literally(text: string): string {
  return text.replaceAll(/[$()*+.?[\\\]^{|}]/g, String.raw`\$&`);
}
