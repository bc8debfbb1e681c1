#!/usr/bin/env node
// `make audit`: asks the registry for known vulnerabilities of the packages. What it finds, and that
// it could not be asked, are warnings: neither comes from a change of this repository.
import { spawnSync } from 'node:child_process';
import { auditWarnings } from './checks/audit-warnings.mjs';
import { root } from './source-files.mjs';

const options = ['--fetch-retries=0', '--fetch-timeout=10000', '--loglevel=silent'];
const { stdout, error } = spawnSync('npm', ['audit', '--json', ...options], {
  cwd: root,
  encoding: 'utf8',
  timeout: 20_000,
  maxBuffer: 64 * 2 ** 20,
});
for (const line of auditWarnings(error ? '' : stdout, error?.message)) {
  process.stdout.write(`audit: ${line}\n`);
}
