#!/usr/bin/env node
// `npx churn …`: the command line, as built in dist/, with the settings of .env where there is one.
// Started by a Node that is not supported, it runs itself again with the one that set-up recorded.
import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseEnvFile } from './parse-env-file.mjs';
import { chooseNode } from './supported-node.mjs';

const root = path.resolve(path.dirname(realpathSync(fileURLToPath(import.meta.url))), '..');
const commandLine = path.join(root, 'dist/packages/cli/main.js');

const { node, problem } = chooseNode();
if (problem) {
  fail(problem);
} else if (node !== process.execPath) {
  const { runNode } = await import('./run-node.mjs');
  process.exitCode = await runNode(node, [...process.execArgv, ...process.argv.slice(1)]);
} else if (existsSync(commandLine)) {
  loadEnvFile(path.join(root, '.env'));
  createRequire(import.meta.url)(commandLine);
} else {
  fail('The platform is not built yet. Run `make setup` first.');
}

function fail(message) {
  process.stderr.write(`churn: ${message}\n`);
  process.exitCode = 1;
}

/** A variable that is set already, even to nothing, wins. */
function loadEnvFile(file) {
  if (!existsSync(file)) return;
  for (const [name, value] of Object.entries(parseEnvFile(readFileSync(file, 'utf8')))) {
    process.env[name] ??= value;
  }
}
