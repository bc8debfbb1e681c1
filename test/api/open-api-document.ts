import type { AnySchema } from 'ajv';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';

interface Response {
  readonly description: string;
  readonly content?: Record<string, { schema: AnySchema }>;
}

export interface OpenApi {
  readonly openapi: string;
  readonly paths: Record<string, Record<string, { responses: Record<string, Response> }>>;
  readonly components: { readonly schemas: Record<string, AnySchema> };
}

/** What each route can be asked without a refusal of its parameters or body. */
const bodies: Readonly<Record<string, object>> = {
  'POST /backfill': { from: '2026-01-01', to: '2026-01-31' },
  'POST /models/rollback': { from: 'v002', reason: 'of a test' },
  'POST /models/{version}/promote': { from: null, reason: 'of a test' },
  'POST /predict': { user_id: 'u1' },
  'POST /predict/batch': { user_ids: ['u1'] },
};

/** A request that is well formed, and the error codes that the document says it may be answered with. */
export interface DocumentedRequest {
  /** `METHOD /path`, as in the document. */
  readonly operation: string;
  readonly codes: readonly string[];
  /** Sends it; the code of the problem it is answered with, null for any other answer. */
  readonly ask: (app: NestFastifyApplication) => Promise<string | null>;
}

/** One request for each operation of the document; two where a dry run is another matter. */
export function documentedRequests({ paths }: OpenApi): DocumentedRequest[] {
  return Object.entries(paths).flatMap(([url, methods]) =>
    Object.entries(methods).flatMap(([method, { responses }]) => {
      const operation = `${method.toUpperCase()} ${url}`;
      const codes = Object.entries(responses)
        .filter(([status]) => Number(status) >= 400)
        .flatMap(([, { description }]) => description.split(', '));
      const body = bodies[operation];
      const payloads = operation === 'POST /backfill' ? [body, { ...body, dry_run: true }] : [body];
      return payloads.map((payload) => ({
        operation,
        codes,
        ask: (app: NestFastifyApplication) =>
          ask(
            app,
            { method, url: url.replace('{id}', 'bf-1').replace('{version}', 'v001') },
            payload,
          ),
      }));
    }),
  );
}

async function ask(
  app: NestFastifyApplication,
  { method, url }: { method: string; url: string },
  payload: object | undefined,
): Promise<string | null> {
  const response = await app.inject({
    method: method.toUpperCase() as 'GET' | 'POST',
    url,
    ...(payload && { payload }),
  });
  if (response.statusCode < 400) return null;
  return response.json<{ code: string }>().code;
}
