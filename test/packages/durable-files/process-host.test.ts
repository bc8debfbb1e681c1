import { hostname } from 'node:os';
import { processHost } from '../../../packages/durable-files/process-host';

describe('the host of a process', () => {
  test.each([
    ['the pid namespace that a machine starts with', 'pid:[4026531836]', hostname()],
    ['that of a container', 'pid:[4026532561]', `${hostname()}-4026532561`],
    ['one that is not shown', '', hostname()],
  ])('in %s', (_what, namespace, expected) => {
    expect(processHost(namespace)).toBe(expected);
  });
});
