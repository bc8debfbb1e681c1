import { isUtf8 } from 'node:buffer';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { InvalidRequestError, type FieldProblem } from './problem-details';

/** The deepest body of this API is a list in an object. */
const DEPTH_MAX = 8;
/** The longest body of this API is a batch of 1,000 users. */
const VALUES_MAX = 2_000;

/**
 * Makes the server read JSON bodies, and no others, in UTF-8. A body that is nested too deeply or has
 * too many values is refused before anything is made of it: parsing and validating it would keep
 * every other request waiting. An empty body is no body, so that actions without one may carry the
 * content type.
 */
export function parseJsonBodies(fastify: FastifyInstance): void {
  const parse = fastify.getDefaultJsonParser('error', 'error');
  fastify.removeAllContentTypeParsers();
  fastify.addContentTypeParser<Buffer>(
    'application/json',
    { parseAs: 'buffer' },
    (request, body, done) => {
      const problem = headerProblem(request.headers) ?? bodyProblem(body);
      if (problem) done(new InvalidRequestError([problem]));
      else if (body.length === 0) done(null, undefined);
      else void parse(request, body.toString('utf8'), done);
    },
  );
}

function headerProblem(headers: FastifyRequest['headers']): FieldProblem | undefined {
  const encoding = headers['content-encoding'];
  if (encoding !== undefined && encoding.toLowerCase() !== 'identity') {
    return { field: 'content-encoding', problem: 'must be absent: a body may not be compressed' };
  }
  const type = headers['content-type'];
  // Nearly all requests have no parameter.
  if (type === undefined || !type.includes(';')) return undefined;
  const charset = /;\s*charset\s*=\s*"?([^";\s]*)/i.exec(type)?.[1];
  if (charset === undefined || /^utf-?8$/i.test(charset)) return undefined;
  return { field: 'content-type', problem: 'must be application/json in UTF-8' };
}

function bodyProblem(body: Buffer): FieldProblem | undefined {
  if (!isUtf8(body)) return { field: 'body', problem: 'must be UTF-8' };
  const problem = shapeProblem(body, { depthMax: DEPTH_MAX, valuesMax: VALUES_MAX });
  return problem === undefined ? undefined : { field: 'body', problem };
}

const QUOTE = 0x22;
const COMMA = 0x2c;
const BACKSLASH = 0x5c;

/** How a character outside a text changes the depth: by 1 or −1 where it opens or closes something. */
const depthChanges = new Int8Array(256);
for (const character of '[{') depthChanges[character.charCodeAt(0)] = 1;
for (const character of ']}') depthChanges[character.charCodeAt(0)] = -1;

export interface JsonShape {
  /** A scalar has depth 0, a list of scalars 1. */
  readonly depthMax: number;
  /** Members of all objects and lists together; a text without a comma counts as one. */
  readonly valuesMax: number;
}

/**
 * What keeps a JSON text in UTF-8 from being parsed, in words that follow "the body"; undefined:
 * nothing. Reads the bytes once, up to the first that is too many, and allocates nothing. It may
 * pass a text that is not JSON.
 */
export function shapeProblem(
  json: Uint8Array,
  { depthMax, valuesMax }: JsonShape,
): string | undefined {
  let depth = 0;
  let values = 1;
  for (let index = 0; index < json.length; index += 1) {
    const byte = json[index]!;
    if (byte === QUOTE) {
      index = endOfText(json, index);
      continue;
    }
    depth += depthChanges[byte]!;
    if (depth > depthMax) return `must not be nested more than ${depthMax} levels deep`;
    if (byte === COMMA) values += 1;
    if (values > valuesMax) return `must not have more than ${valuesMax} values`;
  }
  return undefined;
}

/** Where the quote is that closes the text opened at `start`, or the last byte. */
function endOfText(json: Uint8Array, start: number): number {
  for (let index = start + 1; index < json.length; index += 1) {
    const byte = json[index]!;
    if (byte === QUOTE) return index;
    if (byte === BACKSLASH) index += 1;
  }
  return json.length;
}
