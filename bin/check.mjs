#!/usr/bin/env node
// `make check`: every check that needs no running service, two at a time where there are two cores;
// all run. The last line is `N checks passed, N failed`. Sizes of files and functions, and who may
// import whom (architecture.mjs), are ESLint rules and so part of `lint`.
import { availableParallelism } from 'node:os';
import { root } from './source-files.mjs';
import { runChecks } from './checks/run-checks.mjs';

// The compiler makes so many objects that with the young generation of 16 MiB that Node has, a
// fifth of the time goes into collecting them.
const roomForObjects = ['--min-semi-space-size=32', '--max-semi-space-size=64'];

// The longest first.
const checks = [
  ['types, lint, sizes, architecture', 'bin/checks/lint-and-types.mjs', [], roomForObjects],
  ['format', 'node_modules/prettier/bin/prettier.cjs', ['--check', '--log-level', 'warn', '.']],
  ['dead code', 'node_modules/knip/bin/knip.js', []],
  ['compose file', 'bin/check-compose.mjs', []],
].map(([name, script, args, nodeArgs]) => ({ name, script, args, nodeArgs }));

const { failed } = await runChecks(checks, {
  folder: root,
  // More of them at once would hold more compilers in memory.
  atOnce: Math.min(2, availableParallelism()),
  write: (text) => process.stdout.write(text),
});
process.exitCode = failed > 0 ? 1 : 0;
