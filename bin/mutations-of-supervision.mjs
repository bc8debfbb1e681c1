import { breaksOf } from './breaks-of.mjs';

const supervised = ['test/packages/local-services/supervision/supervise.process.test.ts'];
const backOff = breaksOf('packages/local-services/supervision/back-off.ts', [
  'test/packages/local-services/supervision/back-off.test.ts',
]);
const supervise = breaksOf('packages/local-services/supervision/supervise.ts', supervised);
const superviseFakes = breaksOf('packages/local-services/supervision/supervise.ts', [
  'test/packages/local-services/supervision/supervise.test.ts',
]);
const services = breaksOf('packages/local-services/start-service.ts', [
  'test/packages/local-services/start-service.process.test.ts',
]);
const starts = breaksOf('packages/local-services/supervision/start-supervisor.ts', supervised);
const stops = breaksOf('packages/local-services/stop-stack.ts', supervised);
const orphans = breaksOf('packages/local-services/services/end-orphaned-backends.ts', [
  'test/packages/local-services/stack.process.test.ts',
]);
const identity = breaksOf('packages/durable-files/process-identity.ts', [
  'test/packages/durable-files/process-identity.process.test.ts',
]);

/** Breaks of the supervisor of the embedded services. */
export const supervisionMutations = [
  services('a word about one that hangs', "if (standing === 'unhealthy') report('unhealthy');", ''),
  backOff('later and later attempts', '* 2 ** (attempts - 1)', ''),
  backOff('the longest wait between attempts', 'Math.min(LONGEST_DELAY_MILLIS, ', '('),
  backOff('quiet minutes', 'now - before.lastAt > CALM_MILLIS', 'false'),
  supervise('a service that was stopped', "typeof state[name]?.pid === 'number'", 'name in state'),
  supervise(
    'a supervisor with nothing left',
    'if (!isWanted || readSupervisor',
    'if (readSupervisor',
  ),
  superviseFakes(
    'a server that the environment names',
    ' && recipes[name].external(config) === undefined',
    '',
  ),
  services(
    'a failed restart recorded as stopped',
    'await endProcess(recipe, started);\n    record(recipe, context, state);',
    'await endProcess(recipe, started);\n    record(recipe, context, { ...state, pid: null, identity: null });',
  ),
  starts(
    'a problem that up has solved',
    'if (restart.problem === null || ',
    'if (restart.problem !== null || ',
  ),
  starts('a supervisor with other settings', 'present.fingerprint === fingerprint) {', 'true) {'),
  orphans(
    'backends that outlive Postgres',
    'if (pids.includes(',
    'if (pids.length > 0 || pids.includes(',
  ),
  identity('a process whose first thread has ended', ' && Number(fields[17]) <= 1', ''),
  stops('a supervisor that outlives its services', 'await stopSupervisor(paths);', ''),
];
