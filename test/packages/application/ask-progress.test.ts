import type { Client, WorkflowHandle } from '@temporalio/client';
import { askProgress } from '../../../packages/application/ask-progress';
import { asTemporalError } from '../../../packages/application/backfills/temporal-runs';

/** As the client of Temporal wraps what gRPC says. */
function failedCall(code: number): Error {
  const cause = Object.assign(new Error('failed'), { code, details: '', metadata: {} });
  return new Error('Failed to query Workflow', { cause });
}

describe('the question for progress', () => {
  const client = {
    withDeadline: (_deadline: number, work: () => unknown) => work(),
  } as unknown as Client;
  const handleOf = (error: Error) =>
    ({ query: () => Promise.reject(error) }) as unknown as WorkflowHandle;

  it.each([
    ['the time was up', 4],
    ['the server noticed first that the time was up', 1],
    ['no worker has ever asked for work', 9],
  ])('is not answered where %s', async (_what, code) => {
    expect(await askProgress(client, handleOf(failedCall(code)))).toBeUndefined();
  });

  it('fails as Temporal does otherwise', async () => {
    const error = failedCall(13);
    await expect(askProgress(client, handleOf(error))).rejects.toBe(error);
  });
});

describe('a failed call to Temporal', () => {
  it.each([
    ['that is not there', 14],
    ['that had no time left', 4],
    ['that the server ended when no time was left', 1],
  ])('%s says that it is unavailable', (_what, code) => {
    expect(asTemporalError(failedCall(code))).toMatchObject({ code: 'TEMPORAL_UNAVAILABLE' });
  });

  it('passes through otherwise', () => {
    const error = failedCall(13);
    expect(asTemporalError(error)).toBe(error);
  });
});
