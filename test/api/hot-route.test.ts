import request from 'supertest';
import { createTestApi, vectorOf } from './test-api';

/** Which frames of Nest's router are on the stack when the features of a user are read. */
async function nestFramesOf(path: string, body: object): Promise<string[]> {
  let stack = '';
  const record = () => {
    const { stackTraceLimit } = Error;
    Error.stackTraceLimit = 100;
    stack = String(new Error('only for its stack').stack);
    Error.stackTraceLimit = stackTraceLimit;
  };
  const { app, server } = await createTestApi({
    onlineFeatures: {
      read: async () => (record(), vectorOf('u1')),
      readMany: async () => (record(), [vectorOf('u1')]),
      meta: async () => null,
    },
  });
  try {
    await request(server).post(path).send(body).expect(200);
  } finally {
    await app.close();
  }
  return stack.split('\n').filter((frame) => frame.includes('@nestjs/core/router'));
}

describe('/predict', () => {
  it('is answered without the router of Nest in between', async () => {
    expect(await nestFramesOf('/predict', { user_id: 'u1' })).toEqual([]);
  });

  it('is the only one: a batch has validation by decorators', async () => {
    expect(await nestFramesOf('/predict/batch', { user_ids: ['u1'] })).not.toEqual([]);
  });
});
