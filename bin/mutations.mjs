#!/usr/bin/env node
// `make mutations`: breaks the code in one place after another, in a copy of the repository, and
// names the tests that fail each time. A break that no test notices is a failure of the tests.
import { spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { mutations } from './mutation-list.mjs';
import { root } from './source-files.mjs';

const wanted = process.argv.slice(2);
const chosen = mutations.filter(({ name }) => wanted.length === 0 || wanted.includes(name));
requireKnown(wanted);
const copy = copyRepository();
const survivors = [];
try {
  requirePassing([...new Set(chosen.flatMap(({ tests }) => tests))]);
  for (const mutation of chosen) tryMutation(mutation);
} finally {
  rmSync(copy, { recursive: true, force: true });
}
const caught = chosen.length - survivors.length;
process.stdout.write(`${caught} of ${chosen.length} breaks were caught\n`);
if (survivors.length > 0) process.stdout.write(`not caught: ${survivors.join(', ')}\n`);
process.exitCode = survivors.length === 0 ? 0 : 1;

function requireKnown(names) {
  const known = new Set(mutations.map(({ name }) => name));
  const unknown = names.filter((name) => !known.has(name));
  if (unknown.length === 0) return;
  process.stderr.write(`There is no break named: ${unknown.join(', ')}\n`);
  process.exit(1);
}

function copyRepository() {
  const folder = mkdtempSync(path.join(tmpdir(), 'churn-mutations-'));
  const listed = spawnSync('git', ['ls-files', '-co', '--exclude-standard'], {
    cwd: root,
    encoding: 'utf8',
  });
  for (const file of listed.stdout.split('\n').filter(Boolean)) {
    if (!existsSync(path.join(root, file))) continue; // Removed, but not yet committed.
    cpSync(path.join(root, file), path.join(folder, file), { force: true });
  }
  symlinkSync(path.join(root, 'node_modules'), path.join(folder, 'node_modules'));
  return folder;
}

function requirePassing(tests) {
  const failing = failingTests(tests);
  if (failing.length === 0) return;
  process.stderr.write(`These fail already, unbroken:\n${failing.join('\n')}\n`);
  process.exit(1);
}

function tryMutation({ name, file, find, replace, tests }) {
  const target = path.join(copy, file);
  const original = readFileSync(target, 'utf8');
  if (original.split(find).length !== 2) {
    throw new Error(`${name}: ${file} must hold exactly once: ${find}`);
  }
  writeFileSync(
    target,
    original.replace(find, () => replace),
  );
  // The first file that notices is enough.
  let failing = [];
  for (const test of tests) {
    failing = failingTests([test]);
    if (failing.length > 0) break;
  }
  writeFileSync(target, original);
  if (failing.length === 0) survivors.push(name);
  const shown = failing.slice(0, 3).map((test) => `    ${test}`);
  const more = failing.length > 3 ? [`    … and ${failing.length - 3} more`] : [];
  const verdict = failing.length === 0 ? 'NOT CAUGHT' : `caught by ${failing.length}`;
  process.stdout.write([`${name}: ${verdict}`, ...shown, ...more, ''].join('\n'));
}

/** Servers that none of these tests uses are named, so that jest's set-up does not start them. */
function environmentFor(tests) {
  const unused = (variable) => ({ [variable]: process.env[variable] || 'localhost:1' });
  const needsServers = tests.some((test) => /\.(integration|process)\.test\.ts$/.test(test));
  return {
    ...process.env,
    CHURN_TEST_DEPTH: 'no-shrinking',
    ...unused('TEST_TEMPORAL_ADDRESS'),
    ...unused('TEST_WORKFLOW_BUNDLE'),
    ...(needsServers ? {} : { ...unused('TEST_DATABASE_URL'), ...unused('TEST_REDIS_URL') }),
  };
}

/** The full names of the tests that fail; a file that can't even be loaded counts by its path. */
function failingTests(tests) {
  const results = path.join(copy, 'mutation-results.json');
  rmSync(results, { force: true });
  spawnSync(
    process.execPath,
    [
      'node_modules/jest/bin/jest.js',
      '--rootDir',
      copy,
      // Only here: a test that fails as it must may leave a connection open.
      '--forceExit',
      '--json',
      `--outputFile=${results}`,
      ...tests,
    ],
    { cwd: copy, stdio: 'ignore', env: environmentFor(tests) },
  );
  const { testResults } = JSON.parse(readFileSync(results, 'utf8'));
  return testResults.flatMap(({ name, status, assertionResults }) => {
    const failed = assertionResults.filter((test) => test.status === 'failed');
    if (failed.length === 0 && status === 'failed') return [path.relative(copy, name)];
    return failed.map((test) => test.fullName);
  });
}
