import { readFileSync } from 'node:fs';
import path from 'node:path';
import Ajv, { type AnySchema } from 'ajv';
import addFormats from 'ajv-formats';
import request from 'supertest';
import { errorCatalogue, type ErrorCode } from '../../packages/contracts/errors';
import { documentedRequests, type OpenApi } from './open-api-document';
import { createTestApi, type TestApi } from './test-api';

const page = readFileSync(path.join(__dirname, '../../docs/API.md'), 'utf8');

/** `### \`METHOD /path\`` and the text up to the next heading. */
function sectionsOf(text: string): Map<string, string> {
  const parts = text.split(/^#{2,3} (?=`?[A-Z])/m).slice(1);
  return new Map(
    parts.flatMap((part) => {
      const heading = /^`([A-Z]+ \/[^`]*)`/.exec(part);
      return heading ? [[heading[1]!, part] as const] : [];
    }),
  );
}

/** What docs/API.md says once, for all routes. */
function isShared(code: string): boolean {
  const [, shared] =
    /errors of each endpoint, except those .*?: (.*) and those with status 500/.exec(page)!;
  return errorCatalogue[code as ErrorCode].httpStatus === 500 || shared!.includes(code);
}

/** The codes of the catalogue among words, each once, sorted, without those that routes share. */
function codesIn(words: readonly string[]): string[] {
  return [...new Set(words)].filter((word) => word in errorCatalogue && !isShared(word)).sort();
}

const sections = sectionsOf(page);

describe('docs/API.md and the error catalogue', () => {
  const rows = [...page.matchAll(/^\| `([A-Z_]+)` +\| (\d+) +\| (yes|no) +\| (.+?) +\|$/gm)].map(
    ([, code, status, retryable, message]) => ({ code, status, retryable, message }),
  );
  const catalogue = Object.entries(errorCatalogue).map(([code, entry]) => ({
    code,
    status: String(entry.httpStatus),
    retryable: entry.retryable ? 'yes' : 'no',
    message: entry.message,
  }));
  const byCode = (a: { code?: string }, b: { code?: string }) => (a.code! < b.code! ? -1 : 1);

  it('list the same codes with the same status, retryability and message', () => {
    expect(rows.toSorted(byCode)).toEqual(catalogue.toSorted(byCode));
  });

  it('agree on every code that the text mentions', () => {
    const named = [...page.matchAll(/`([A-Z][A-Z]+_[A-Z_]+)`/g)].map(([, code]) => code!);
    const unknown = named.filter((code) => !(code in errorCatalogue) && !code.startsWith('CHURN_'));
    expect(unknown).toEqual([]);
  });
});

describe('the OpenAPI document', () => {
  let api: TestApi;
  let document: OpenApi;
  let operations: string[];

  beforeAll(async () => {
    api = await createTestApi();
    document = (await request(api.server).get('/docs/json').expect(200)).body as OpenApi;
    operations = Object.entries(document.paths).flatMap(([url, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${url}`),
    );
  });
  afterAll(() => api.app.close());

  it('lists every route of the API', () => {
    expect(operations.sort()).toEqual(
      [
        'GET /backfill/{id}',
        'GET /drift',
        'GET /health',
        'GET /health/live',
        'GET /health/ready',
        'GET /metrics',
        'GET /model/version',
        'GET /models',
        'GET /models/{version}',
        'GET /partitions',
        'GET /users/at-risk',
        'POST /backfill',
        'POST /backfill/{id}/cancel',
        'POST /backfill/{id}/pause',
        'POST /backfill/{id}/resume',
        'POST /models/rollback',
        'POST /models/{version}/promote',
        'POST /predict',
        'POST /predict/batch',
      ].sort(),
    );
  });

  it('and docs/API.md describe the same routes', () => {
    expect([...sections.keys()].sort()).toEqual(operations.sort());
  });

  it('and docs/API.md name the same errors of each route', () => {
    const declared = documentedRequests(document).map(({ operation, codes }) => [
      operation,
      codesIn(codes),
    ]);
    const written = operations.map((operation) => [
      operation,
      codesIn([...sections.get(operation)!.matchAll(/`([A-Z_]+)`/g)].map(([, code]) => code!)),
    ]);
    expect(Object.fromEntries(written)).toEqual(Object.fromEntries(declared));
  });

  it('describes only routes that exist', async () => {
    for (const operation of operations) {
      const [method, url] = operation.split(' ') as ['GET' | 'POST', string];
      const response = await api.app.inject({
        method,
        url: url.replace('{id}', 'bf-1').replace('{version}', 'v001'),
      });
      expect([operation, response.body.includes('"NOT_FOUND"')]).toEqual([operation, false]);
    }
  });

  it('describes request bodies, with their rules', () => {
    expect(document.components.schemas.PredictRequestDto).toMatchObject({
      required: ['user_id'],
      properties: { user_id: { type: 'string', maxLength: 128 } },
    });
    expect(document.components.schemas.BackfillRequestDto).toMatchObject({
      required: ['from', 'to'],
      properties: {
        reprocess: { enum: ['missing', 'missing-and-failed', 'all'], default: 'missing' },
      },
    });
  });

  it('tells a backfill that was started from a plan: each example is one of them', () => {
    const ajv = new Ajv({ strict: false });
    addFormats(ajv);
    ajv.addSchema({ $id: 'openapi', ...document });
    const examples = [...sections.get('POST /backfill')!.matchAll(/```json\n(.*?)```/gs)];
    const { responses } = document.paths['/backfill']!.post!;
    const schemas = Object.values(responses['200']!.content!).flatMap(
      ({ schema }) => (schema as { oneOf: object[] }).oneOf,
    );
    const fitting = examples.map(([, text]) =>
      schemas.filter((schema) => ajv.compile(rebased(schema))(JSON.parse(text!)) === true),
    );
    expect(fitting.map(({ length }) => length)).toEqual([1, 1]);
    expect(fitting[0]).not.toEqual(fitting[1]);
  });

  it('holds for every JSON example of docs/API.md', () => {
    const ajv = new Ajv({ strict: false });
    addFormats(ajv);
    ajv.addSchema({ $id: 'openapi', ...document });
    for (const [operation, section] of sections) {
      const [method, url] = operation.split(' ') as [string, string];
      const { responses } = document.paths[url]![method.toLowerCase()]!;
      const schemas = Object.entries(responses)
        .filter(([status]) => status.startsWith('2'))
        .flatMap(([, response]) => Object.values(response.content ?? {}))
        .map(({ schema }) => rebased(schema));
      const examples = [...section.matchAll(/```json\n([^]*?)```/g)].map(
        ([, text]) => JSON.parse(text!) as Record<string, unknown>,
      );
      const whole = examples.filter((example) => !('contributions' in example));
      if (operation !== 'GET /metrics')
        expect([operation, whole.length > 0]).toEqual([operation, true]);
      for (const example of whole) {
        const isValid = schemas.some((schema) => ajv.validate(schema, example) === true);
        expect([operation, isValid, ajv.errorsText()]).toEqual([operation, true, 'No errors']);
      }
    }
  });

  it('is shown as a page that needs nothing from elsewhere', async () => {
    const { text } = await request(api.server).get('/docs').expect(200);
    expect(text).toContain('swagger-ui');
    expect(text).not.toMatch(/(src|href)="(https?:)?\/\//);
    await request(api.server).get('/docs/swagger-ui-init.js').expect(200);
    await request(api.server).get('/docs/swagger-ui-bundle.js').expect(200);
  });
});

/** References resolved against the document registered as `openapi`. */
function rebased(schema: AnySchema): AnySchema {
  return JSON.parse(JSON.stringify(schema).replaceAll('"#/', '"openapi#/')) as AnySchema;
}
