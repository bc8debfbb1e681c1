import { breaksOf } from './breaks-of.mjs';

const supervised = ['test/packages/local-services/supervision/supervise.process.test.ts'];
const backOff = breaksOf('packages/local-services/supervision/back-off.ts', [
  'test/packages/local-services/supervision/back-off.test.ts',
]);
const supervise = breaksOf('packages/local-services/supervision/supervise.ts', supervised);
const starts = breaksOf('packages/local-services/supervision/start-supervisor.ts', supervised);
const stops = breaksOf('packages/local-services/stop-stack.ts', supervised);

/** Breaks of the supervisor of the embedded services. */
export const supervisionMutations = [
  backOff('later and later attempts', '* 2 ** (attempts - 1)', ''),
  backOff('the longest wait between attempts', 'Math.min(LONGEST_DELAY_MILLIS, ', '('),
  backOff('quiet minutes', 'now - before.lastAt > CALM_MILLIS', 'false'),
  supervise('a service that was stopped', "typeof state[name]?.pid === 'number'", 'name in state'),
  supervise(
    'a supervisor with nothing left',
    'if (!isWanted || readSupervisor',
    'if (readSupervisor',
  ),
  starts(
    'a supervisor with other settings',
    'present.fingerprint === fingerprint) return',
    'true) return',
  ),
  stops('a supervisor that outlives its services', 'await stopSupervisor(paths);', ''),
];
