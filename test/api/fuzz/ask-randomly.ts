import fc from 'fast-check';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { OpenApi } from '../open-api-document';
import { createAnswerContract } from './answer-contract';
import { randomRequests, type RandomRequest } from './random-requests';

export interface RandomAsking {
  readonly requests: number;
  readonly seed: number;
}

/**
 * Asks an API at random, and fails with the smallest request that it answers otherwise than its
 * OpenAPI document says. Returns how many answers of each status there were, of all operations and of
 * `POST /predict`.
 */
export async function askRandomly(
  app: NestFastifyApplication,
  { requests, seed }: RandomAsking,
): Promise<{ all: ReadonlyMap<number, number>; predict: ReadonlyMap<number, number> }> {
  const document = (
    await app.inject({ url: '/docs/json', headers: { host: 'localhost' } })
  ).json<OpenApi>();
  const problemsOf = createAnswerContract(document);
  const all = new Map<number, number>();
  const predict = new Map<number, number>();
  const count = (answered: Map<number, number>, status: number) =>
    answered.set(status, (answered.get(status) ?? 0) + 1);
  const law = fc.asyncProperty(randomRequests(document), async (request) => {
    const answer = await send(app, request);
    count(all, answer.status);
    if (request.operation === 'POST /predict') count(predict, answer.status);
    // An answer to HEAD has no body; that to GET is looked at elsewhere.
    const wrong = request.method === 'HEAD' ? [] : problemsOf(request.operation, answer);
    if (wrong.length > 0) throw new Error(wrong.join('\n'));
  });
  await fc.assert(law, { numRuns: requests, seed });
  return { all, predict };
}

async function send(app: NestFastifyApplication, { method, url, headers, body }: RandomRequest) {
  const response = await app.inject({
    method: method as 'GET',
    url,
    headers,
    ...(body !== undefined && { payload: body }),
  });
  return {
    status: response.statusCode,
    contentType: String(response.headers['content-type'] ?? ''),
    body: response.body,
  };
}
