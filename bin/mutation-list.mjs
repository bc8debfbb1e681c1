import { engineMutations } from './mutations-of-the-engine.mjs';
import { storeMutations } from './mutations-of-the-store.mjs';

/**
 * Where the code is broken on purpose: `find` occurs exactly once in `file` and is replaced; a test
 * in one of the files `tests` must fail. They are run in their order until one does.
 */
export const mutations = [
  ...engineMutations,
  ...storeMutations,
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
    name: 'Mon–Wed gate',
    file: 'packages/contracts/pipeline.ts',
    find: 'const MONDAY_TO_WEDNESDAY = [1, 2, 3];',
    replace: 'const MONDAY_TO_WEDNESDAY = [1, 2, 3, 4];',
    tests: ['test/packages/policy'],
  },
  {
    name: 'intercept',
    file: 'packages/modeling/newton-trainer.ts',
    find: 'for (let index = 1; index < width; index++) {',
    replace: 'for (let index = 0; index < width; index++) {',
    tests: ['test/packages/modeling/trainers.test.ts'],
  },
  {
    name: 'PSI epsilon',
    file: 'packages/drift/population-stability-index.ts',
    find: 'export const PSI_EPSILON = 1e-4;',
    replace: 'export const PSI_EPSILON = 1e-6;',
    tests: ['test/packages/drift/population-stability-index.test.ts'],
  },
  {
    name: 'validation rule',
    file: 'packages/raw-data/rejection-reasons.ts',
    find: 'export const CLOCK_TOLERANCE_MINUTES = 5;',
    replace: 'export const CLOCK_TOLERANCE_MINUTES = 6;',
    tests: ['test/packages/raw-data/rejected-rows.integration.test.ts'],
  },
  {
    name: 'problem+json code',
    file: 'api/problem-details.ts',
    find: '    code: error.code,\n',
    replace: "    code: 'INTERNAL',\n",
    tests: ['test/api/problems.test.ts'],
  },
];
