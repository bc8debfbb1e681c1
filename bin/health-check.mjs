#!/usr/bin/env node
// `node bin/health-check.mjs worker|api`: exit 0 when that service of this container is well.
import { createRequire } from 'node:module';
import path from 'node:path';
import { root } from './source-files.mjs';

const checks = {
  /** Each worker says in a file of its own that it polls, and which process it is; it touches the file while it does not hang. */
  worker() {
    const built = 'dist/packages/local-services/processes/ready-workers.js';
    const { answeringWorkers } = createRequire(import.meta.url)(path.join(root, built));
    const run = path.join(process.env.CHURN_DATA_DIR, 'run');
    if (answeringWorkers({ run }).length === 0) throw new Error('no worker polls');
  },
  async api() {
    const url = `http://127.0.0.1:${process.env.CHURN_API_PORT}/health/live`;
    const response = await fetch(url, { signal: AbortSignal.timeout(4_000) });
    if (!response.ok) throw new Error(`status ${response.status}`);
  },
};

try {
  await checks[process.argv[2]]();
} catch (error) {
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}
