#!/usr/bin/env node
// `make test-deep`: every test in full, in shards (tests/deep-shards.mjs). Each leaves what it showed
// in coverage/deep; a later run for the same commit goes on with those that are missing. When all
// are there, docs/testing-evidence.md is written. `--fresh` starts over; names run those shards only.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { execFileSync } from 'node:child_process';
import { format, resolveConfig } from 'prettier';
import { root } from './source-files.mjs';
import { deepShards, filesOf } from './tests/deep-shards.mjs';
import { evidencePage } from './tests/evidence-page.mjs';
import { resultsFolder, runJest } from './tests/run-jest.mjs';

const folder = path.join(resultsFolder, 'deep');
const page = 'docs/testing-evidence.md';
const names = process.argv.slice(2).filter((argument) => argument !== '--fresh');
const say = (line) => process.stderr.write(`${line}\n`);

const unknown = names.filter((name) => !deepShards.some((shard) => shard.name === name));
if (unknown.length > 0) {
  say(`There is no shard named: ${unknown.join(', ')}`);
  say(`There are: ${deepShards.map(({ name }) => name).join(', ')}`);
  process.exit(2);
}
if (process.argv.includes('--fresh')) rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });

const commit = git('rev-parse', 'HEAD');
// What a changed tree shows is not shown of its commit.
const isChanged = git('status', '--porcelain', '--', '.', `:!${page}`) !== '';
if (isChanged)
  say('Files differ from the commit: no shard is skipped, and no evidence page written.');
const testFiles = findTestFiles();
const wanted = deepShards.filter(({ name }) => names.length === 0 || names.includes(name));
let passed = 0;
let failed = 0;
for (const shard of wanted) {
  const before = readIfDone(shard);
  if (before) say(`${shard.name}: done for this commit`);
  const counts = before ? { passed: before.passed, failed: 0 } : run(shard);
  passed += counts.passed;
  failed += counts.failed;
}
const shown = deepShards.map((shard) => readIfDone(shard)).filter(Boolean);
if (shown.length === deepShards.length) await writePage();
else say(`Shards without evidence for this commit: ${deepShards.length - shown.length}`);
process.stdout.write(`${passed} passed, ${failed} failed\n`);
process.exitCode = failed > 0 ? 1 : 0;

/** Writes evidence where everything passed. */
function run(shard) {
  say(`${shard.name}: running`);
  const started = Date.now();
  const { status, results, failed, evidence } = runJest(
    ['--runTestsByPath', ...filesOf(shard, testFiles)],
    {
      CHURN_TEST_DEPTH: 'deep',
      ...(shard.portion ? { CHURN_LAW_PORTION: shard.portion } : {}),
      ...shard.variables,
    },
  );
  const seconds = Math.round((Date.now() - started) / 1_000);
  const isPassed = status === 0 && failed === 0;
  say(`${shard.name}: ${isPassed ? 'passed' : 'FAILED'} in ${seconds} s`);
  const passed = results.numPassedTests;
  if (!isPassed) return { passed, failed: Math.max(1, failed) };
  const suites = results.testResults.map(({ name, startTime, endTime, assertionResults }) => ({
    file: path.relative(root, name).split(path.sep).join('/'),
    seconds: (endTime - startTime) / 1_000,
    tests: assertionResults.filter((test) => test.status === 'passed').map((test) => test.fullName),
  }));
  const shownBy = { shard: shard.name, commit, isChanged, node: process.versions.node, started };
  const figures = { seconds, passed, suites, evidence };
  writeFileSync(fileOf(shard), `${JSON.stringify({ ...shownBy, ...figures }, null, 2)}\n`);
  return { passed, failed: 0 };
}

function readIfDone(shard) {
  if (isChanged) return undefined;
  let shownBefore;
  try {
    shownBefore = JSON.parse(readFileSync(fileOf(shard), 'utf8'));
  } catch {
    return undefined;
  }
  const isCurrent = shownBefore.commit === commit && !shownBefore.isChanged;
  return isCurrent && shownBefore.node === process.versions.node ? shownBefore : undefined;
}

function fileOf({ name }) {
  return path.join(folder, `${name}.json`);
}

async function writePage() {
  const file = path.join(root, page);
  const text = evidencePage(shown, commit.slice(0, 7));
  writeFileSync(file, await format(text, { ...(await resolveConfig(file)), filepath: file }));
  say(`${page}: written`);
}

function findTestFiles() {
  const listed = execFileSync(
    process.execPath,
    ['node_modules/jest/bin/jest.js', '--listTests', '--json'],
    { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] },
  );
  return JSON.parse(listed)
    .map((file) => path.relative(root, file).split(path.sep).join('/'))
    .sort();
}

function git(...args) {
  return execFileSync('git', args, { cwd: root, encoding: 'utf8' }).trim();
}
