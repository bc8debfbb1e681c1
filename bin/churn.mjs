#!/usr/bin/env node
// `npx churn …`: the command line, as built in dist/, with the settings of .env where there is one.
import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseEnvFile } from './parse-env-file.mjs';

const root = path.resolve(path.dirname(realpathSync(fileURLToPath(import.meta.url))), '..');
const commandLine = path.join(root, 'dist/packages/cli/main.js');

if (existsSync(commandLine)) {
  loadEnvFile(path.join(root, '.env'));
  createRequire(import.meta.url)(commandLine);
} else {
  process.stderr.write('churn: it is not built yet. Run `make setup` first.\n');
  process.exitCode = 1;
}

/** A variable that is set already, even to nothing, wins. */
function loadEnvFile(file) {
  if (!existsSync(file)) return;
  for (const [name, value] of Object.entries(parseEnvFile(readFileSync(file, 'utf8')))) {
    process.env[name] ??= value;
  }
}
