#!/usr/bin/env node
// Whether every file is formatted as Prettier writes it. Prettier takes a while, so that it is asked
// only about the files that oxfmt would write in another way: the two differ in a few.
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { root } from '../source-files.mjs';

const oxfmt = run('oxfmt/bin/oxfmt', ['--config', '.prettierrc.json', '--list-different', '.'], {
  stdio: ['ignore', 'pipe', 'inherit'],
});
const files = (oxfmt.stdout ?? '').split('\n').filter(Boolean);
// It exits with 1 where it names files, and with 2 where it could not read one, of which it says why.
const isDone = oxfmt.status === (files.length === 0 ? 0 : 1);
process.exitCode = isDone && files.length > 0 ? checkWithPrettier(files) : Number(!isDone);

function checkWithPrettier(names) {
  const args = ['--check', '--log-level', 'warn', ...names];
  return run('prettier/bin/prettier.cjs', args, { stdio: 'inherit' }).status ?? 1;
}

function run(script, args, options) {
  return spawnSync(process.execPath, [path.join(root, 'node_modules', script), ...args], {
    cwd: root,
    encoding: 'utf8',
    ...options,
  });
}
