#!/usr/bin/env node
// `make check`: every check that needs no running service, one after the other; all run, and the
// exit code says whether any failed. Sizes of files and functions, and who may import whom
// (architecture.mjs), are ESLint rules and so part of `lint`.
import { spawnSync } from 'node:child_process';
import { root } from './source-files.mjs';

const checks = [
  ['format', 'node_modules/prettier/bin/prettier.cjs', ['--check', '--log-level', 'warn', '.']],
  ['lint, sizes, architecture', 'node_modules/eslint/bin/eslint.js', ['--max-warnings', '0', '.']],
  ['types', 'node_modules/typescript/bin/tsc', ['--noEmit']],
  ['dead code', 'node_modules/knip/bin/knip.js', []],
  ['compose file', 'bin/check-compose.mjs', []],
];

const failed = checks.filter(([name, script, args]) => {
  const started = Date.now();
  const { status } = spawnSync(process.execPath, [script, ...args], {
    cwd: root,
    stdio: 'inherit',
  });
  const verdict = status === 0 ? 'ok' : 'FAILED';
  process.stdout.write(`${name}: ${verdict} (${((Date.now() - started) / 1_000).toFixed(1)} s)\n`);
  return status !== 0;
});
process.exitCode = failed.length > 0 ? 1 : 0;
