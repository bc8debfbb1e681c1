#!/usr/bin/env node
// `make setup`: makes a bare clone ready to run, with nothing but a Node from version 18 on and npm
// to start from. A Node that is not supported gets one that is, and set-up goes on with that. Each
// part is looked for first and made only when it is missing; `--tests` adds what only the tests
// need. Prints one short line a part, saying which way it was found.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { spawnSync } from 'node:child_process';
import { downloadNode, versionOf } from './download-node.mjs';
import { runNode } from './run-node.mjs';
import { hashOfSources, root } from './source-files.mjs';
import {
  inWords,
  isSupported,
  recordFile,
  recordedNode,
  supportedLines,
} from './supported-node.mjs';

const say = (line) => process.stderr.write(`${line}\n`);
/** Said to the set-up that another Node has started, which has named the Node already. */
const goesOn = '--node-is-found';

const lines = supportedLines();
if (isSupported(process.versions.node, lines)) {
  if (!process.argv.includes(goesOn)) say(`node: found (${process.versions.node})`);
  recordNode();
  installPackages();
  build();
  run('The tools', process.execPath, [
    'dist/packages/local-services/install/main.js',
    ...process.argv.slice(2).filter((argument) => argument !== goesOn),
  ]);
} else {
  process.exitCode = await continueWithSupportedNode();
}

async function continueWithSupportedNode() {
  say(`node: ${process.versions.node} was found, which is not supported`);
  const version = readFileSync(path.join(root, '.nvmrc'), 'utf8').trim();
  const node = recordedAndSupported() ?? downloadNode({ version, say });
  if (!node) {
    fail(
      `Node ${version} could not be downloaded from npm (see above). ` +
        `Install Node ${inWords(lines)} and run \`make setup\` again.`,
    );
  }
  return runNode(node, [...process.argv.slice(1), goesOn]);
}

/** The Node of an earlier set-up. */
function recordedAndSupported() {
  const node = recordedNode();
  if (!node || !isSupported(versionOf(node) ?? '', lines)) return undefined;
  say(`node: recorded (${node})`);
  return node;
}

/** For the shells that find another Node first. */
function recordNode() {
  mkdirSync(path.dirname(recordFile), { recursive: true });
  writeFileSync(recordFile, `${process.execPath}\n`);
}

/**
 * `npm install --no-save` keeps to package-lock.json; `npm ci` refuses locks made elsewhere. Install
 * scripts run for the packages that package.json's "allowScripts" names.
 */
function installPackages() {
  const stampFile = path.join(root, 'node_modules', '.churn-packages');
  const stamp = hashOf(['package.json', 'package-lock.json'], process.platform, process.arch);
  if (readIfThere(stampFile) === stamp) {
    say('npm packages: cached');
    return;
  }
  say('npm packages: installing');
  const options = ['--no-save', '--no-audit', '--no-fund', '--ignore-scripts=false'];
  // Development packages are part of it: the build needs the compiler, whatever NODE_ENV says.
  run('npm install', 'npm', ['install', '--include=dev', '--loglevel=error', ...options]);
  mkdirSync(path.dirname(stampFile), { recursive: true });
  writeFileSync(stampFile, stamp);
  say('npm packages: downloaded');
}

function build() {
  const stampFile = path.join(root, 'dist', '.build-stamp');
  if (readIfThere(stampFile) === hashOfSources()) {
    say('build: cached');
    run('The build', process.execPath, ['bin/after-build.mjs']);
    return;
  }
  say('build: compiling');
  const compiler = 'node_modules/typescript/bin/tsc';
  run('The compiler', process.execPath, [compiler, '-p', 'tsconfig.build.json']);
  if (existsSync(path.join(root, 'dist/worker/bundle-workflows.js'))) {
    run('The workflow bundle', process.execPath, ['dist/worker/bundle-workflows.js']);
  }
  run('The build', process.execPath, ['bin/after-build.mjs']);
  say('build: built');
}

function run(what, command, args) {
  // npm, and what it starts, run with this Node too.
  const searchPath = [path.dirname(process.execPath), process.env.PATH].join(path.delimiter);
  const { status, error } = spawnSync(command, args, {
    cwd: root,
    stdio: ['ignore', 2, 2],
    env: { ...process.env, PATH: searchPath, npm_config_update_notifier: 'false' },
  });
  if (error) fail(`${what} could not be run: ${error.message}`);
  if (status !== 0) fail(`${what} failed (see above).`);
}

function hashOf(files, ...more) {
  const hash = createHash('sha256');
  for (const file of files) hash.update(readFileSync(path.join(root, file)));
  return hash.update(more.join('\0')).digest('hex');
}

function readIfThere(file) {
  return existsSync(file) ? readFileSync(file, 'utf8') : undefined;
}

function fail(message) {
  say(`setup: ${message}`);
  process.exit(1);
}
