#!/usr/bin/env node
// `make check`: every check that needs no running service, two at a time where there are two cores;
// all run. The last line is `N checks passed, N failed`. Sizes of files and functions, and who may
// import whom (architecture.mjs), are rules of the linter (.oxlintrc.json), which checks types too.
import { availableParallelism } from 'node:os';
import { root } from './source-files.mjs';
import { runChecks } from './checks/run-checks.mjs';

// The longest first.
const checks = [
  ['types, lint, sizes, architecture', 'node_modules/oxlint/bin/oxlint', ['--deny-warnings']],
  ['dead code', 'node_modules/knip/bin/knip.js', []],
  ['format', 'bin/checks/format.mjs', []],
  ['compose file', 'bin/check-compose.mjs', []],
].map(([name, script, args]) => ({ name, script, args }));

const { failed } = await runChecks(checks, {
  folder: root,
  atOnce: Math.min(2, availableParallelism()),
  write: (text) => process.stdout.write(text),
});
process.exitCode = failed > 0 ? 1 : 0;
