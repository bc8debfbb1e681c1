const engine = 'packages/features/compile-vectors.ts';
const engineTests = [
  'test/packages/features/engine-agrees-with-oracle.test.ts',
  'test/packages/features/golden-boundaries.test.ts',
];

/**
 * Where the code is broken on purpose: `find` occurs exactly once in `file` and is replaced; at
 * least one test in `tests` must fail.
 */
export const mutations = [
  {
    name: 'window bound',
    file: engine,
    find: 'const ceiling = `(${micros} - ${grid.first} + ${DAY} - 1) // ${DAY}`;',
    replace: 'const ceiling = `(${micros} - ${grid.first} + ${DAY}) // ${DAY}`;',
    tests: engineTests,
  },
  {
    name: 'K filter',
    file: engine,
    find: 'WHEN k <= ${only.at} AND batch',
    replace: 'WHEN k <= ${only.at} + 1 AND batch',
    tests: engineTests,
  },
  {
    name: 'label null',
    file: engine,
    find: 'CASE WHEN t + ${horizon} <= ${known} THEN ${verdict} END',
    replace: 'CASE WHEN t + ${horizon} <= ${known} THEN ${verdict} ELSE false END',
    tests: engineTests,
  },
  {
    name: 'forward-only rule',
    file: 'packages/online-store/forward-only-scripts.ts',
    find: 'if time ~= my_time then return time > my_time and 1 or -1 end',
    replace: 'if time ~= my_time then return -1 end',
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
    name: 'publish order',
    file: 'packages/offline-store/publish-revision.ts',
    find: `      await putInPlace(context, { staged, claim, manifest: staged.manifest });
      await context.ledger.recordPublication(tx, staged.manifest, checked);`,
    replace: `      await context.ledger.recordPublication(tx, staged.manifest, checked);
      await putInPlace(context, { staged, claim, manifest: staged.manifest });`,
    tests: ['test/packages/offline-store/publish-partitions.integration.test.ts'],
  },
  {
    name: 'problem+json code',
    file: 'api/problem-details.ts',
    find: '    code: error.code,\n',
    replace: "    code: 'INTERNAL',\n",
    tests: ['test/api/problems.test.ts'],
  },
];
