import { breaksOf } from './breaks-of.mjs';

const rightOfWay = breaksOf('activities/right-of-way.ts', ['test/activities/right-of-way.test.ts']);
const activities = breaksOf('activities/create-pipeline-activities.ts', [
  'test/activities/right-of-way.test.ts',
]);
const telling = breaksOf('activities/tell-settled-dates.ts', [
  'test/activities/tell-settled-dates.test.ts',
]);
const ready = breaksOf('packages/local-services/processes/ready-workers.ts', [
  'test/packages/local-services/processes/ready-workers.test.ts',
]);
const daily = breaksOf('packages/application/daily-run/daily-run-services.ts', [
  'test/packages/application/missing-runs.integration.test.ts',
]);
const computing = breaksOf('packages/offline-store/compute-partitions.ts', [
  'test/packages/offline-store/publish-partitions.integration.test.ts',
]);

/** Breaks of how runs go on beside each other, and of what is seen of them. */
export const runMutations = [
  rightOfWay('one after each rest', 'waiting.shift()?.();', 'for (const go of waiting) go();'),
  rightOfWay('the last of the urgent', 'if (holders.size === 0) letAllGo();', 'letAllGo();'),
  activities('who holds the right of way', '=== workflowTypes.dailyRun', '!== ""'),
  telling('the rest of a stopped chunk', 'if (flush && isNews) tellNow();', ''),
  ready('the workers of other hosts', 'name.startsWith(host) && ', ''),
  ready('hosts whose names begin alike', ' && /^\\d+\\.json$/.test(name.slice(host.length))', ''),
  ready('a ready file whose worker is gone', 'isAlive(ready.pid, ready.identity) ?', 'true ?'),
  ready('a worker that hangs', '(isFresh(file) && livingWorker(file))', 'livingWorker(file)'),
  daily('days since the Schedule is there', '[row?.first, scheduled]', '[row?.first]'),
  computing('urgent work before each date', 'await giveWay?.();', ''),
];
