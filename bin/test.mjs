#!/usr/bin/env node
// `make test`: jest with coverage, and as its last line `N passed, N failed`. Arguments go to jest; a
// run of chosen files measures no coverage. With CHURN_RECORD_SECONDS=1 a run of all files records
// how long the long ones took.
import { recordSeconds } from './tests/record-seconds.mjs';
import { runJest } from './tests/run-jest.mjs';

const args = process.argv.slice(2);
const isSubset = args.some((argument) => !argument.startsWith('-'));
const depth = process.env.CHURN_TEST_DEPTH || 'quick';
const { status, results, failed } = runJest([...(isSubset ? [] : ['--coverage']), ...args], {
  CHURN_TEST_DEPTH: depth,
});
const isPassed = status === 0 && failed === 0;
if (process.env.CHURN_RECORD_SECONDS && !isSubset && isPassed) {
  await recordSeconds(results.testResults);
}
process.exitCode = isPassed ? 0 : 1;
if (!isPassed && !failed) process.stderr.write('No test failed, but jest did: see above.\n');
process.stdout.write(`${results.numPassedTests} passed, ${failed} failed\n`);
