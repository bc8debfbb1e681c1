import { breaksOf } from './breaks-of.mjs';

const processTests = ['test/api/processes/api-processes.process.test.ts'];
const sums = breaksOf('api/processes/summed-metrics.ts', [
  'test/api/processes/summed-metrics.test.ts',
]);
const logs = breaksOf('api/health/combine-prediction-logs.ts', [
  'test/api/combine-prediction-logs.test.ts',
]);
const pool = breaksOf('api/processes/process-pool.ts', processTests);
const untaken = breaksOf('api/processes/close-untaken-connections.ts', processTests);
const parent = breaksOf('api/processes/parent-process.ts', processTests);
const limits = breaksOf('api/http/connection-limits.ts', processTests);

/** Breaks of what makes several API processes one API. */
export const apiProcessesMutations = [
  sums('counters of processes that have ended', '[this.ended, kept]', '[this.ended]'),
  sums('counters that another process takes over', ' && !INHERITED.includes(name)', ''),
  sums('counters that do not go back', '(this.shown.get(name) ?? 0) - sum', '-sum'),
  sums('a process that hangs', "aggregator: 'max'", "aggregator: 'min'"),
  logs('the worst of all states', 'Math.max(0, ', 'Math.min(2, '),
  pool('a start that can not succeed', 'if (!this.isUp || isHopeless)', 'if (isHopeless)'),
  pool('an end when none can be started', 'if (!this.isUp || isHopeless)', 'if (!this.isUp)'),
  pool('the end of a process that hangs', 'child.unansweredLooks + 1', 'child.unansweredLooks'),
  untaken('a connection to a process that was killed', 'handle.close();', ''),
  parent('what is left when the parent is killed', 'worker.exitedAfterDisconnect = true;', ''),
  limits('connections over the limit', 'Object.assign(server, { dropMaxConnection: true });', ''),
];
