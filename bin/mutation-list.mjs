import { attributeMutations } from './mutations-of-attributes.mjs';
import { connectionMutations } from './mutations-of-connections.mjs';
import { commandLineMutations } from './mutations-of-the-command-line.mjs';
import { doorMutations } from './mutations-of-the-door.mjs';
import { failureMutations } from './mutations-of-failures.mjs';
import { fileMutations } from './mutations-of-the-files.mjs';
import { modelStateMutations } from './mutations-of-model-state.mjs';
import { lockMutations } from './mutations-of-locks.mjs';
import { rawLogMutations } from './mutations-of-the-raw-log.mjs';
import { knowledgeMutations } from './mutations-of-knowledge.mjs';
import { timelineMutations } from './mutations-of-timelines.mjs';
import { engineMutations } from './mutations-of-the-engine.mjs';
import { tileMutations } from './mutations-of-the-facts.mjs';
import { predictionLogMutations } from './mutations-of-the-prediction-log.mjs';
import { propertyMutations } from './mutations-of-properties.mjs';
import { runMutations } from './mutations-of-runs.mjs';
import { rejectedMutations } from './mutations-of-rejected-rows.mjs';
import { stateMutations } from './mutations-of-the-state.mjs';
import { metricsMutations } from './mutations-of-metrics.mjs';
import { apiProcessesMutations } from './mutations-of-api-processes.mjs';
import { supervisionMutations } from './mutations-of-supervision.mjs';
import { storeMutations } from './mutations-of-the-store.mjs';

const straight = 'test/packages/raw-data/straight-rows.integration.test.ts';

/**
 * Where the code is broken on purpose: `find` occurs exactly once in `file` and is replaced; a test
 * in one of the files `tests` must fail. They are run in their order until one does.
 */
export const mutations = [
  ...engineMutations,
  ...timelineMutations,
  ...tileMutations,
  ...storeMutations,
  ...stateMutations,
  ...knowledgeMutations,
  ...fileMutations,
  ...modelStateMutations,
  ...rawLogMutations,
  ...commandLineMutations,
  ...failureMutations,
  ...connectionMutations,
  ...lockMutations,
  ...metricsMutations,
  ...supervisionMutations,
  ...apiProcessesMutations,
  ...doorMutations,
  ...predictionLogMutations,
  ...runMutations,
  ...rejectedMutations,
  ...attributeMutations,
  ...propertyMutations,
  {
    name: 'forward-only rule',
    file: 'packages/online-store/forward-only-scripts.ts',
    find: 'if time ~= my_time then return time > my_time and 1 or -1 end',
    replace: 'if time ~= my_time then return -1 end',
    tests: ['test/packages/online-store/sync-online-features.integration.test.ts'],
  },
  {
    name: 'forward-only rule: revisions',
    file: 'packages/online-store/forward-only-scripts.ts',
    find: 'return revision > my_revision and 1 or -1',
    replace: 'return -1',
    tests: ['test/packages/online-store/sync-online-features.integration.test.ts'],
  },
  {
    name: 'who has left is at risk',
    file: 'packages/modeling/eligibility.ts',
    find: "    { column: state.name, reason: 'left' },\n",
    replace: '',
    tests: [
      'test/packages/modeling/eligibility.test.ts',
      'test/packages/modeling/scoring/score-users.test.ts',
    ],
  },
  {
    name: 'who has left and is silent is dormant',
    file: 'packages/modeling/eligibility.ts',
    find: "    { column: state.name, reason: 'left' },\n    { column: eligibleBy, reason: 'dormant' },",
    replace:
      "    { column: eligibleBy, reason: 'dormant' },\n    { column: state.name, reason: 'left' },",
    tests: ['test/packages/modeling/eligibility.test.ts'],
  },
  {
    name: 'a state of another definition is believed',
    file: 'packages/modeling/eligibility.ts',
    find: 'if (state === undefined || hash !== stateHash) return notKnown;',
    replace: 'if (state === undefined) return notKnown;',
    tests: ['test/packages/modeling/eligibility.test.ts'],
  },
  {
    name: 'a model of another eligibility is the same',
    file: 'packages/modeling/training/training-inputs.ts',
    find: '    eligibility: eligibilityHashes(schema),\n',
    replace: '',
    tests: ['test/packages/modeling/train-model-inputs.test.ts'],
  },
  {
    name: 'drift against a model of another eligibility',
    file: 'packages/drift/detect-drift.ts',
    find: 'if (isSameEligibility(champion.eligibilityHashes, expected)) return undefined;',
    replace: 'if (champion.eligibilityHashes !== undefined) return undefined;',
    tests: ['test/packages/drift/detect-drift.test.ts'],
  },
  {
    name: 'a champion that was trained on others keeps its place',
    file: 'packages/modeling/evaluation/promotion-gate.ts',
    find: '  if (!isSameEligibility) {\n',
    replace: '  if (isSameEligibility === null) {\n',
    tests: ['test/packages/modeling/evaluation/promotion-gate.test.ts'],
  },
  {
    name: 'the state of an online value is not in its hash',
    file: 'packages/online-store/encode-vectors.ts',
    find: 'const sorted = [...inOrder, ...state].sort(',
    replace: 'const sorted = [...inOrder].sort(',
    tests: ['test/packages/online-store/sync-online-features.integration.test.ts'],
  },
  {
    name: 'Mon–Wed gate',
    file: 'packages/contracts/pipeline.ts',
    find: 'const MONDAY_TO_WEDNESDAY = [1, 2, 3];',
    replace: 'const MONDAY_TO_WEDNESDAY = [1, 2, 3, 4];',
    tests: ['test/packages/orchestration'],
  },
  {
    name: 'intercept',
    file: 'packages/modeling/solvers/newton-solver.ts',
    find: 'for (let index = 1; index < width; index++) {',
    replace: 'for (let index = 0; index < width; index++) {',
    tests: ['test/packages/modeling/solvers.test.ts'],
  },
  {
    name: 'users of training rows are counted once',
    file: 'packages/modeling/training/training-users.ts',
    find: '       ANTI JOIN training_users USING (user_id)`,',
    replace: '`,',
    tests: ['test/packages/modeling/training/training-users.test.ts'],
  },
  {
    name: 'a training row beyond the first chunk of its day',
    file: 'packages/modeling/training/training-users.ts',
    find: '    first += chunk.rows;',
    replace: '    first += 0;',
    tests: ['test/packages/modeling/training/training-users.test.ts'],
  },
  {
    name: 'PSI epsilon',
    file: 'packages/drift/statistics/population-stability-index.ts',
    find: 'export const PSI_EPSILON = 1e-4;',
    replace: 'export const PSI_EPSILON = 1e-6;',
    tests: ['test/packages/drift/statistics/population-stability-index.test.ts'],
  },
  {
    name: 'validation rule',
    file: 'packages/raw-data/rejected/rejection-reasons.ts',
    find: 'export const CLOCK_TOLERANCE_MINUTES = 5;',
    replace: 'export const CLOCK_TOLERANCE_MINUTES = 6;',
    tests: ['test/packages/raw-data/rejected-rows.integration.test.ts'],
  },
  {
    name: 'the largest amount',
    file: 'packages/raw-data/load/clean-rows-sql.ts',
    find: '<= ${MAX_AMOUNT_CENTS}',
    replace: '< ${MAX_AMOUNT_CENTS}',
    tests: ['test/packages/raw-data/rejected-rows.integration.test.ts'],
  },
  {
    name: 'the zone of a plain time',
    file: 'packages/raw-data/values/time-sql.ts',
    find: String.raw`(Z|[+-]00(:?00)?| UTC)?`,
    replace: String.raw`(Z|[+-]\d{2}(:?\d{2})?| UTC)?`,
    tests: ['test/packages/raw-data/values/time-sql.test.ts'],
  },
  {
    name: 'a time between two microseconds is the later one',
    file: 'packages/raw-data/values/epoch-sql.ts',
    find: '% 1000 > 0 THEN 1 ELSE 0 END',
    replace: '% 1000 > 0 THEN 0 ELSE 0 END',
    tests: ['test/packages/raw-data/values/parquet-times.test.ts'],
  },
  {
    name: 'offsets go to 14 hours',
    file: 'packages/instants/calendar-problem.ts',
    find: '> 14 * 60',
    replace: '> 15 * 60',
    tests: ['test/packages/instants/epoch-micros.test.ts'],
  },
  {
    name: 'rows with empty fields too many refuse the file',
    file: 'packages/raw-data/sources/text/long-record.ts',
    find: 'counter.fields > fields',
    replace: 'counter.fields > fields + 1',
    tests: ['test/packages/raw-data/sources/texts.test.ts'],
  },
  {
    name: 'decimals of more digits than DuckDB has refuse the file',
    file: 'packages/raw-data/sources/parquet-source.ts',
    find: 'columns[index]?.wideDecimal ?? column_type',
    replace: 'column_type',
    tests: ['test/packages/raw-data/sources/parquet-source.test.ts'],
  },
  {
    name: 'integers are times of one unit',
    file: 'packages/raw-data/values/settle-times.ts',
    find: 'found!.digits && units.length === 1',
    replace: 'found!.digits && units.length >= 1',
    tests: ['test/packages/raw-data/values/cleaned-values.test.ts'],
  },
  {
    name: 'amounts have the decimals of their currency',
    file: 'packages/raw-data/values/money-sql.ts',
    find: "const digits = inUnits ? digitsSql(money) : '0';",
    replace: "const digits = inUnits ? '2' : '0';",
    tests: ['test/packages/raw-data/values/money.test.ts'],
  },
  {
    name: 'only a refund may be negative',
    file: 'packages/raw-data/values/money-sql.ts',
    find: ` AND "event_type" <> 'refund'`,
    replace: ` AND "event_type" NOT IN ('refund', 'dispute')`,
    tests: ['test/packages/raw-data/values/money.test.ts'],
  },
  {
    name: 'currency units follow ISO 4217',
    file: 'packages/features/definitions/payments.ts',
    find: '{ dividedBy: 10 ** minorUnitDigits }',
    replace: '{ dividedBy: 100 }',
    tests: ['test/packages/features/currency-units.test.ts'],
  },
  {
    name: 'halves go to the even minor unit',
    file: 'packages/raw-data/values/conversion-sql.ts',
    find: '% 2 = 1)',
    replace: '% 2 >= 0)',
    tests: ['test/packages/raw-data/values/conversion.test.ts'],
  },
  {
    name: 'a rate lasts 7 days',
    file: 'packages/raw-data/values/exchange-rates.ts',
    find: 'day - last.ofDay > RATE_LASTS_DAYS',
    replace: 'day - last.ofDay >= RATE_LASTS_DAYS',
    tests: ['test/packages/raw-data/values/exchange-rates.test.ts'],
  },
  {
    name: 'a rate that was used stays',
    file: 'packages/raw-data/values/exchange-rates.ts',
    find: 'settled.get(day) ?? last',
    replace: 'last ?? settled.get(day)',
    tests: ['test/packages/raw-data/rates.integration.test.ts'],
  },
  {
    name: 'rates that another load settled are found',
    file: 'packages/raw-data/settled-rates.ts',
    find: 'settled.rate <> used.rate',
    replace: 'settled.rate = -used.rate',
    tests: ['test/packages/raw-data/rates.integration.test.ts'],
  },
  {
    name: 'NA is a country',
    file: 'packages/raw-data/values/text-sql.ts',
    find: "const nullWords = ['NULL',",
    replace: "const nullWords = ['NA', 'NULL',",
    tests: ['test/packages/raw-data/values/cleaned-values.test.ts'],
  },
  {
    name: 'of rows with the same id the first to arrive',
    file: 'packages/raw-data/load/staging.ts',
    find: 'ORDER BY s.ingested_at, s."row"',
    replace: 'ORDER BY s."row"',
    tests: ['test/packages/raw-data/import-folder.integration.test.ts'],
  },
  {
    name: 'a later completeness is a change',
    file: 'packages/raw-data/load/load-batch.ts',
    find: 'complete > parseInstant(known)',
    replace: 'complete >= parseInstant(known)',
    tests: ['test/packages/raw-data/import-folder.integration.test.ts'],
  },
  {
    name: 'certain rows: ids of the table',
    file: 'packages/raw-data/load/split-rows.ts',
    find: 'BETWEEN $1 AND $2 LIMIT 1',
    replace: 'BETWEEN $1 AND $2 LIMIT 0',
    tests: [straight],
  },
  {
    name: 'certain rows: ids of the load',
    file: 'packages/raw-data/load/prepare-load.ts',
    find: 'HAVING count(*) > 1',
    replace: 'HAVING count(*) > 2',
    tests: [straight],
  },
  {
    name: 'certain rows: unknown users',
    file: 'packages/raw-data/load/split-rows.ts',
    find: 'u.user_id IS NULL OR ',
    replace: '',
    tests: [straight],
  },
  {
    name: 'certain rows: signup',
    file: 'packages/raw-data/load/split-rows.ts',
    find: ' OR r.event_time < u.signup_time',
    replace: '',
    tests: [straight],
  },
  {
    name: 'certain rows: the first reference to a user',
    file: 'packages/raw-data/load/prepare-load.ts',
    find: 'min(event_time)',
    replace: 'max(event_time)',
    tests: [straight],
  },
  {
    name: 'problem+json code',
    file: 'packages/contracts/problem.ts',
    find: '    code,\n',
    replace: "    code: 'INTERNAL',\n",
    tests: ['test/api/problems.test.ts'],
  },
];
