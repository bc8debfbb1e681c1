#!/usr/bin/env node
// `make setup`: makes a bare clone ready to run, with nothing but Node and npm to start from.
// Each part is looked for first and made only when it is missing; `--tests` adds what only the
// tests need. Prints one short line a part, saying which way it was found.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { spawnSync } from 'node:child_process';
import { hashOfSources, root } from './source-files.mjs';

const say = (line) => process.stderr.write(`${line}\n`);

checkNodeVersion();
installPackages();
build();
run('The tools', process.execPath, [
  'dist/packages/stack/install/main.js',
  ...process.argv.slice(2),
]);

function checkNodeVersion() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major > 20 || (major === 20 && minor >= 12)) {
    say(`node: found on PATH (${process.versions.node})`);
    return;
  }
  fail(`Node ${process.versions.node} is too old: version 20.12 or later is needed.`);
}

/** `npm install --no-save` keeps to package-lock.json; `npm ci` refuses locks made elsewhere. */
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
  run('The compiler', process.execPath, [
    'node_modules/typescript/bin/tsc',
    '-p',
    'tsconfig.build.json',
  ]);
  if (existsSync(path.join(root, 'dist/worker/bundle-workflows.js'))) {
    run('The workflow bundle', process.execPath, ['dist/worker/bundle-workflows.js']);
  }
  run('The build', process.execPath, ['bin/after-build.mjs']);
  say('build: built');
}

function run(what, command, args) {
  const { status, error } = spawnSync(command, args, {
    cwd: root,
    stdio: ['ignore', 2, 2],
    env: { ...process.env, npm_config_update_notifier: 'false' },
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
