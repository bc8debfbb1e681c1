import request from 'supertest';
import { createTestApi, type TestApi } from './test-api';

interface TextSchema {
  readonly $ref?: string;
  readonly type?: string;
  readonly items?: TextSchema;
  readonly properties?: Readonly<Record<string, TextSchema>>;
  readonly enum?: readonly string[];
  readonly format?: string;
  readonly pattern?: string;
  readonly maxLength?: number;
}

interface Operation {
  readonly parameters?: readonly { name: string; in: string; schema: TextSchema }[];
  readonly requestBody?: { content: Record<string, { schema: TextSchema }> };
}

/** A place in a request that takes a text. */
interface TextField {
  readonly name: string;
  readonly schema: TextSchema;
  /** The request with this text in that place. */
  readonly requestWith: (text: string) => { method: 'GET' | 'POST'; url: string; payload?: object };
}

const bodies: Readonly<Record<string, object>> = {
  '/backfill': { from: '2026-01-01', to: '2026-01-31' },
  '/models/rollback': { from: 'v002', reason: 'of a test' },
  '/models/{version}/promote': { from: 'v002', reason: 'of a test' },
  '/predict': { user_id: 'u1' },
  '/predict/batch': { user_ids: ['u1'] },
};

describe('every text that a request can hold', () => {
  let api: TestApi;
  const fields: TextField[] = [];
  const places = new Set<string>();

  beforeAll(async () => {
    api = await createTestApi();
    const { body } = await request(api.server).get('/docs/json').expect(200);
    const schemas = body.components.schemas as Record<string, TextSchema>;
    const resolve = (schema: TextSchema) =>
      schema.$ref ? schemas[schema.$ref.split('/').at(-1)!]! : schema;
    for (const [path, methods] of Object.entries(body.paths as Record<string, object>)) {
      for (const [method, operation] of Object.entries(methods) as [string, Operation][]) {
        fields.push(
          ...textFields(path, method.toUpperCase() as 'GET' | 'POST', operation, resolve),
        );
        for (const parameter of operation.parameters ?? []) places.add(parameter.in);
      }
    }
  });
  afterAll(() => api.app.close());

  it('is found: in paths, queries and bodies, and in no header', () => {
    expect([...places].sort()).toEqual(['path', 'query']);
    const names = fields.map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(['POST /models/rollback reason']));
    expect(names).toEqual(expect.arrayContaining(['GET /models/{version} version']));
    expect(names).toEqual(expect.arrayContaining(['GET /partitions from']));
    expect(names).toEqual(expect.arrayContaining(['POST /predict/batch user_ids']));
    expect(names.length).toBeGreaterThan(15);
  });

  it('has a bound that the document tells', () => {
    const unbounded = fields.filter(({ schema }) => {
      const { enum: words, format, pattern, maxLength } = schema.items ?? schema;
      return !(words ?? format ?? pattern ?? maxLength);
    });
    expect(unbounded.map(({ name }) => name)).toEqual([]);
  });

  it.each([
    ['a NUL', '2026\u0000'],
    ['nothing but a NUL', '\u0000'],
    ['ten thousand characters', 'v'.repeat(10_000)],
    ['a control character', 'u\u001b[31m'],
    ['a line feed', 'u1\nu2'],
  ])('is refused by name with %s', async (_what, text) => {
    const answers: unknown[] = [];
    for (const { name, requestWith } of fields) {
      const response = await api.app.inject(requestWith(text));
      const [type] = String(response.headers['content-type']).split(';');
      const { code, errors } = response.json<{ code: string; errors: object }>();
      // The text is not repeated.
      const isShort = JSON.stringify(errors).length < 500;
      answers.push([name, response.statusCode, type, code, isShort]);
    }
    expect(answers).toEqual(
      fields.map(({ name }) => [name, 400, 'application/problem+json', 'INVALID_REQUEST', true]),
    );
  });

  function textFields(
    path: string,
    method: 'GET' | 'POST',
    { parameters = [], requestBody }: Operation,
    resolve: (schema: TextSchema) => TextSchema,
  ): TextField[] {
    const url = (version = 'v001') => path.replace('{version}', version).replace('{id}', version);
    const payload = bodies[path];
    const inUrl = parameters
      .filter(({ schema }) => schema.type === 'string')
      .map(({ name, in: place, schema }) => ({
        name: `${method} ${path} ${name}`,
        schema,
        requestWith: (text: string) => {
          const encoded = encodeURIComponent(text);
          const target = place === 'path' ? url(encoded) : `${url()}?${name}=${encoded}`;
          return { method, url: target, ...(payload && { payload }) };
        },
      }));
    const body = resolve(requestBody?.content['application/json']?.schema ?? {});
    const inBody = Object.entries(body.properties ?? {})
      .filter(([, schema]) => (schema.items ?? schema).type === 'string')
      .map(([name, schema]) => ({
        name: `${method} ${path} ${name}`,
        schema,
        requestWith: (text: string) => ({
          method,
          url: url(),
          payload: { ...payload, [name]: schema.items ? [text] : text },
        }),
      }));
    return [...inUrl, ...inBody];
  }
});
