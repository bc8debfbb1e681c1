#!/usr/bin/env node
// Before `docker compose up`: makes the passwords that docker-compose.yml requires, in .env, unless
// they are there; and says plainly when Docker Compose is missing.
import { randomBytes } from 'node:crypto';
import { appendFileSync, chmodSync, existsSync, readFileSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { parseEnvFile } from './parse-env-file.mjs';
import { root } from './source-files.mjs';

if (spawnSync('docker', ['compose', 'version'], { stdio: 'ignore' }).status !== 0) {
  process.stderr.write(
    'docker-up: `docker compose` is not available. Install Docker with its Compose plugin, ' +
      'or use `make up`, which needs no Docker.\n',
  );
  process.exit(1);
}

const file = path.join(root, '.env');
const present = existsSync(file) ? parseEnvFile(readFileSync(file, 'utf8')) : {};
for (const name of ['POSTGRES_PASSWORD', 'REDIS_PASSWORD']) {
  if (present[name]) continue;
  appendFileSync(file, `${name}=${randomBytes(24).toString('hex')}\n`, { mode: 0o600 });
  process.stderr.write(`.env: ${name} generated\n`);
}
chmodSync(file, 0o600);
