import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { spawnSync } from 'node:child_process';
import { root } from '../source-files.mjs';

/** Below it is what test runs leave: coverage, results, evidence. */
export const resultsFolder = path.join(root, 'coverage');
const resultsFile = path.join(resultsFolder, 'jest-results.json');
const evidenceFile = path.join(resultsFolder, 'evidence.jsonl');

/**
 * Runs jest, which says on stderr how it goes.
 *
 * @param {string[]} args
 * @param {Record<string, string>} variables of the environment, beside this process's
 * @returns {{ status: number | null, results: object, failed: number, evidence: object[] }} jest's
 * JSON results; how many tests failed, a file that can't be run counting as one; and what the tests
 * reported in the file that CHURN_EVIDENCE_FILE names
 */
export function runJest(args, variables) {
  mkdirSync(resultsFolder, { recursive: true });
  rmSync(resultsFile, { force: true });
  rmSync(evidenceFile, { force: true });
  const { status } = spawnSync(
    process.execPath,
    ['node_modules/jest/bin/jest.js', '--json', `--outputFile=${resultsFile}`, ...args],
    {
      cwd: root,
      // Jest says everything on stderr; its JSON goes to the file.
      stdio: ['ignore', 'ignore', 'inherit'],
      env: { ...process.env, ...variables, CHURN_EVIDENCE_FILE: evidenceFile },
    },
  );
  const results = JSON.parse(readIfThere(resultsFile) ?? noResults);
  const evidence = (readIfThere(evidenceFile) ?? '')
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line));
  const failed = results.numFailedTests + results.numRuntimeErrorTestSuites;
  return { status, results, failed, evidence };
}

/** Without a results file jest did not get as far as running tests. */
const noResults = JSON.stringify({
  numPassedTests: 0,
  numFailedTests: 0,
  numRuntimeErrorTestSuites: 1,
  testResults: [],
});

function readIfThere(file) {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}
