import fc from 'fast-check';
import type { OpenApi } from '../open-api-document';
import type { Operation } from './answer-contract';

export interface RandomRequest {
  readonly operation: Operation;
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
}

interface Schema {
  readonly $ref?: string;
  readonly type?: string;
  readonly format?: string;
  readonly enum?: readonly unknown[];
  readonly example?: unknown;
  readonly default?: unknown;
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
}

interface Parameter {
  readonly name: string;
  readonly in: 'path' | 'query' | 'header';
  readonly schema: Schema;
}

interface Described {
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { readonly content: Record<string, { readonly schema: Schema }> };
}

/** Texts that have broken something somewhere. */
const awkwardTexts = [
  '',
  ' ',
  '\u0000',
  'a\u0000b',
  'u1\r\nset-cookie: a=b',
  '\ud800',
  '\u202e',
  '🙂'.repeat(128),
  'x'.repeat(129),
  'x'.repeat(5_000),
  '../../etc/passwd',
  '%2e%2e%2f',
  '__proto__',
  'constructor',
  'toString',
  "'; drop table ops.predictions; --",
  '$' + '{7*7}',
  '2026-02-30',
  '0000-01-01',
  '9999-12-31',
  '2026-01-01T00:00:00Z',
  '+99:99',
  'NaN',
  '1e400',
  '-0',
  'latest',
  'v000000000',
  '*',
];

const anyText = fc.oneof(
  fc.constantFrom(...awkwardTexts),
  fc.string({ unit: 'binary', maxLength: 40 }),
);

/** Any value that JSON has, also those that no field takes. */
const anyValue = fc.oneof(
  { weight: 4, arbitrary: anyText },
  { weight: 2, arbitrary: fc.constantFrom(null, true, 0, -1, 1e21, 1.5, [], {}) },
  { weight: 1, arbitrary: fc.jsonValue({ maxDepth: 3 }) },
  {
    weight: 1,
    arbitrary: fc.constantFrom<unknown>(
      { constructor: {} },
      { toString: 1, valueOf: {} },
      [['u1']],
      { length: 1e9 },
    ),
  },
);

/** Bodies that are no documents at all, or no pleasant ones. */
const awkwardBodies = fc.oneof(
  fc.constantFrom(
    '',
    'null',
    '[]',
    '"u1"',
    '{"user_id":',
    '{"__proto__":{"user_id":"u1"}}',
    '{"constructor":{"prototype":{"a":1}}}',
    '{"user_id":"u1","user_id":"u2"}',
    '\ufeff{"user_id":"u1"}',
    `{"user_id":${'9'.repeat(5_000)}}`,
    `{"user_ids":[${'"",'.repeat(1_500)}""]}`,
    `{"user_ids":[${'"",'.repeat(5_000)}""]}`,
    'x'.repeat(70_000),
  ),
  fc
    .tuple(fc.constantFrom('[', '{"a":', '[{"b":'), fc.integer({ min: 1, max: 2_000 }))
    .map(([open, levels]) => `{"user_id":${open.repeat(levels)}`),
  fc.string({ unit: 'binary', maxLength: 60 }),
);

/** One in so many values is another one than the document asks for. */
const RARELY = 5;

function rarely<T>(usual: fc.Arbitrary<T>, other: fc.Arbitrary<T>): fc.Arbitrary<T> {
  return fc.oneof({ weight: RARELY - 1, arbitrary: usual }, { weight: 1, arbitrary: other });
}

function validValue(schema: Schema): fc.Arbitrary<unknown> {
  if (schema.enum) return fc.constantFrom(...schema.enum);
  if (schema.type === 'array')
    return fc.array(validValue(schema.items!), { minLength: 1, maxLength: 5 });
  if (schema.type === 'boolean') return fc.boolean();
  if (schema.type === 'number') return fc.integer({ min: 1, max: 100 });
  if (schema.format === 'date') return fc.constantFrom('2026-01-01', '2026-01-31', '2026-03-01');
  return fc.constantFrom<unknown>(schema.example ?? schema.default ?? 'u1');
}

function resolve(document: OpenApi, schema: Schema): Schema {
  const name = schema.$ref?.split('/').at(-1);
  return name === undefined ? schema : (document.components.schemas[name] as Schema);
}

/** An object as the schema has it, in which some members are missing, wrong or unknown. */
function bodyOf(schema: Schema): fc.Arbitrary<string> {
  const members = Object.entries(schema.properties ?? {}).map(
    ([name, member]) => [name, rarely(validValue(member), anyValue)] as const,
  );
  const values = Object.fromEntries(members);
  const object = rarely<object>(
    fc.record(values, { requiredKeys: [...(schema.required ?? [])] }),
    fc.record(values, { requiredKeys: [] }),
  );
  const unknown = rarely<object>(fc.constant({}), fc.dictionary(anyText, anyValue, { maxKeys: 3 }));
  return fc.tuple(object, unknown).map((parts) => JSON.stringify(Object.assign({}, ...parts)));
}

function parameterText({ schema }: Parameter): fc.Arbitrary<string> {
  return rarely(validValue(schema).map(String), anyText);
}

function encoded(text: string): string {
  // A lone surrogate can't be encoded.
  return encodeURIComponent(Buffer.from(text).toString());
}

function queryOf(parameters: readonly Parameter[]): fc.Arbitrary<string> {
  const known = parameters
    .filter((parameter) => parameter.in === 'query')
    .map((parameter) =>
      parameterText(parameter).map((text) => `${parameter.name}=${encoded(text)}`),
    );
  const unknown = fc
    .tuple(anyText, anyText)
    .map(([name, text]) => `${encoded(name)}=${encoded(text)}`);
  const pairs = fc.array(known.length > 0 ? rarely(fc.oneof(...known), unknown) : unknown, {
    maxLength: 3,
  });
  return pairs.map((some) => (some.length > 0 ? `?${some.join('&')}` : ''));
}

function pathOf(url: string, parameters: readonly Parameter[]): fc.Arbitrary<string> {
  const texts = parameters
    .filter((parameter) => parameter.in === 'path')
    .map((parameter) => parameterText(parameter).map((text) => [parameter.name, text] as const));
  return fc
    .tuple(...texts)
    .map((pairs) =>
      pairs.reduce((path, [name, text]) => path.replace(`{${name}}`, () => encoded(text)), url),
    );
}

const headers = fc
  .record(
    {
      'content-type': rarely(
        fc.constant('application/json'),
        fc.constantFrom('text/plain', 'application/json; charset=utf-16', 'a/b/c', ''),
      ),
      host: rarely(
        fc.constant('localhost'),
        fc.constantFrom('evil.example', 'localhost:1', '', '[::1]'),
      ),
      origin: fc.constantFrom('http://localhost', 'https://evil.example', 'null'),
      'content-encoding': fc.constantFrom('identity', 'gzip'),
      accept: fc.constantFrom('text/csv', '*/*', 'application/json;version=9'),
    },
    { requiredKeys: ['host'] },
  )
  .map((some) => ({ 'content-type': 'application/json', ...some }));

const usualHeaders = fc.constant({ host: 'localhost', 'content-type': 'application/json' });

function requestsOf(document: OpenApi, operation: string): fc.Arbitrary<RandomRequest> {
  const [method, url] = operation.split(' ') as [string, string];
  const described = document.paths[url]![method.toLowerCase()] as unknown as Described;
  const parameters = described.parameters ?? [];
  const schema = described.requestBody?.content['application/json']?.schema;
  const documented = schema ? bodyOf(resolve(document, schema)) : fc.constant(undefined);
  const awkward: fc.Arbitrary<string | undefined> =
    method === 'GET' ? fc.constant(undefined) : awkwardBodies;
  return fc.record({
    operation: fc.constant(operation),
    method: fc.constant(method),
    url: fc.tuple(pathOf(url, parameters), queryOf(parameters)).map((parts) => parts.join('')),
    headers: rarely<Record<string, string>>(usualHeaders, headers),
    body: rarely<string | undefined>(documented, awkward),
  });
}

/** Requests of paths and methods that no operation has. */
const strayRequests: fc.Arbitrary<RandomRequest> = fc.record({
  operation: fc.constant(null),
  method: fc.constantFrom('GET', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'HEAD'),
  url: fc
    .array(
      fc.oneof(
        anyText.map(encoded),
        fc.constantFrom('predict', 'models', 'docs', 'v001', '%zz', '..'),
      ),
      { maxLength: 4 },
    )
    .map((parts) => `/${parts.join('/')}`),
  headers: usualHeaders,
  body: fc.constant(undefined),
});

/** Requests of every operation of the document, most of them right but for one thing, and others. */
export function randomRequests(document: OpenApi): fc.Arbitrary<RandomRequest> {
  const operations = Object.entries(document.paths).flatMap(([url, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${url}`),
  );
  return fc.oneof(...operations.map((name) => requestsOf(document, name)), strayRequests);
}
