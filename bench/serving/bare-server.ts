import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { fastify } from 'fastify';
import { Redis } from 'ioredis';
import { vectorKey } from '../../packages/online-store/online-keys';
import { probability } from './bench-vectors';

/** The least that can answer: a handler of Fastify that reads one key and does the arithmetic. */
export async function serveBare(redisUrl: string): Promise<number> {
  const redis = new Redis(redisUrl, { enableAutoPipelining: true });
  await once(redis, 'ready');
  const server = fastify();
  server.post('/predict', async (request) => {
    const { user_id: userId } = request.body as { user_id: string };
    const vector = JSON.parse((await redis.get(vectorKey(userId)))!);
    return {
      churn_probability: probability(vector.features),
      model_version: 'v001',
      feature_time: vector.feature_time,
      features: vector.features,
    };
  });
  await server.listen({ host: '127.0.0.1', port: 0 });
  return (server.server.address() as AddressInfo).port;
}
