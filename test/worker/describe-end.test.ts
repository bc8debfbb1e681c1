import { TransportError } from '@temporalio/worker';
import { ChurnError } from '../../packages/contracts/errors';
import { describeEnd } from '../../worker/describe-end';

/** As Temporal's core words them. */
const missingNamespace =
  'Namespace nowhere was not found or otherwise could not be described: Status { code: NotFound, message: "Namespace nowhere is not found." }';
const refused =
  'tonic::transport::Error(Transport, ConnectError(ConnectError("tcp connect error", 127.0.0.1:1)))';

describe('the end of a worker', () => {
  it.each([
    [
      'a namespace that is not there',
      new TransportError(missingNamespace),
      /^INVALID_SETTING: .*TEMPORAL_NAMESPACE/,
    ],
    ['a server that is not there', new TransportError(refused), /^TEMPORAL_UNAVAILABLE: /],
    ['an error of ours', new ChurnError('NO_DATA'), /^NO_DATA: /],
    ['a bug', new TypeError('x is undefined'), /^TypeError: x is undefined\n {4}at /],
    [
      'an error without a stack',
      Object.assign(new Error('late'), { stack: undefined }),
      /^Error: late$/,
    ],
    ['a text', 'oops', /^oops$/],
  ])('by %s is said in words that help', (_, error, text) => {
    expect(describeEnd(error)).toMatch(text);
  });
});
