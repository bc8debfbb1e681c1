#!/usr/bin/env node
// `node bin/health-check.mjs worker|api`: exit 0 when that service of this container is well.
import { readFileSync } from 'node:fs';
import path from 'node:path';

const checks = {
  /** The worker writes its pid once it polls. */
  worker() {
    const file = path.join(process.env.CHURN_DATA_DIR, 'run', 'worker-ready.json');
    process.kill(JSON.parse(readFileSync(file, 'utf8')).pid, 0);
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
