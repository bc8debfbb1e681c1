#!/usr/bin/env node
// `make test`: jest with coverage, and as its last line `N passed, N failed`. `--deep` runs every
// long test in full and, if that is all of them, writes docs/testing-evidence.md; other arguments go to jest.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { spawnSync } from 'node:child_process';
import { format, resolveConfig } from 'prettier';
import { root } from './source-files.mjs';
import { evidencePage } from './testing-evidence.mjs';

const isDeep = process.argv.includes('--deep');
const jestArgs = process.argv.slice(2).filter((argument) => argument !== '--deep');
const folder = path.join(root, 'coverage');
const resultsFile = path.join(folder, 'jest-results.json');
const evidenceFile = path.join(folder, 'evidence.jsonl');
const depth = isDeep ? 'deep' : process.env.CHURN_TEST_DEPTH || 'quick';

mkdirSync(folder, { recursive: true });
rmSync(resultsFile, { force: true });
rmSync(evidenceFile, { force: true });
const isSubset = jestArgs.some((argument) => !argument.startsWith('-'));
const { status } = spawnSync(
  process.execPath,
  [
    'node_modules/jest/bin/jest.js',
    ...(isSubset ? [] : ['--coverage']),
    ...['--json', `--outputFile=${resultsFile}`],
    ...jestArgs,
  ],
  {
    cwd: root,
    // Jest says everything on stderr; its JSON goes to the file.
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, CHURN_TEST_DEPTH: depth, CHURN_EVIDENCE_FILE: evidenceFile },
  },
);

const results = readResults();
const failed = results.numFailedTests + results.numRuntimeErrorTestSuites;
if (isDeep && !isSubset && status === 0) {
  const page = evidencePage({ results, evidence: readIfThere(evidenceFile), coverage: coverage() });
  const file = path.join(root, 'docs', 'testing-evidence.md');
  writeFileSync(file, await format(page, { ...(await resolveConfig(file)), filepath: file }));
}
process.exitCode = status === 0 && failed === 0 ? 0 : 1;
if (process.exitCode && !failed) process.stderr.write('No test failed, but jest did: see above.\n');
process.stdout.write(`${results.numPassedTests} passed, ${failed} failed\n`);

/** Without a results file jest did not get as far as running tests. */
function readResults() {
  const text = readIfThere(resultsFile);
  return text
    ? JSON.parse(text)
    : { numPassedTests: 0, numFailedTests: 0, numRuntimeErrorTestSuites: 1, testResults: [] };
}

function coverage() {
  const text = readIfThere(path.join(folder, 'coverage-summary.json'));
  return text && JSON.parse(text).total;
}

function readIfThere(file) {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}
