import { breaksOf } from './breaks-of.mjs';

const tests = ['test/worker/worker-metrics.test.ts'];
const ports = breaksOf('worker/observe-ports.ts', tests);
const steps = breaksOf('worker/observe-steps.ts', tests);
const metrics = breaksOf('worker/worker-metrics.ts', tests);
const logTests = ['test/worker/worker-log.test.ts'];
const log = breaksOf('worker/worker-log.ts', logTests);
const errors = breaksOf('packages/logged-errors/error-document.ts', logTests);

const rotation = breaksOf('packages/local-services/processes/service-log.ts', [
  'test/packages/local-services/processes/service-log.test.ts',
]);

/** Breaks of what is seen of the worker from outside. */
export const metricsMutations = [
  ports(
    'dates of chunks that gave up',
    `const outcomes = await ports.settleChunk(request);
      metrics.backfillDates(outcomes);`,
    'const outcomes = await ports.settleChunk(request);',
  ),
  metrics('a run counts once', 'if (isFirst(runId)) counters', 'counters'),
  metrics('an alert counts once', 'if (!isFirst(key)) return;', ''),
  steps('a cancelled step has not failed', 'error instanceof CancelledFailure', 'false'),
  metrics(
    'counters that are there before the first event',
    'for (const status of dailyRunStatuses) runs.add(0, { status });',
    '',
  ),
  metrics('the newest run stays the newest', 'Math.max(newestSeconds, ', 'Math.max('),
  errors('parameters in the log', "message.replace(/\\s*\\bparams: [\\s\\S]*$/, '')", 'message'),
  log('what the log may have', 'if (known && (', 'if ((fields[name] = value) && ('),
  rotation('a log that starts again empty', 'ftruncateSync(log, 0);', ''),
  rotation('a log moved whole', 'read !== 0; at', 'at === 0; at'),
];
