#!/usr/bin/env node
// `node bin/health-check.mjs worker|api`: exit 0 when that service of this container is well.
import { readdirSync, readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import path from 'node:path';

const checks = {
  /** Each worker writes its pid to a file of its own once it polls; other hosts have theirs there too. */
  worker() {
    const folder = path.join(process.env.CHURN_DATA_DIR, 'run', 'ready-workers');
    const files = readdirSync(folder).filter(isOfThisHost);
    if (!files.some((name) => isRunning(path.join(folder, name))))
      throw new Error('no worker polls');
  },
  async api() {
    const url = `http://127.0.0.1:${process.env.CHURN_API_PORT}/health/live`;
    const response = await fetch(url, { signal: AbortSignal.timeout(4_000) });
    if (!response.ok) throw new Error(`status ${response.status}`);
  },
};

/** The name of another host may begin with this one's, as `churn-2` does with `churn`. */
function isOfThisHost(name) {
  const host = `${hostname()}-`;
  return name.startsWith(host) && /^\d+\.json$/.test(name.slice(host.length));
}

function isRunning(file) {
  try {
    return process.kill(JSON.parse(readFileSync(file, 'utf8')).pid, 0);
  } catch {
    return false;
  }
}

try {
  await checks[process.argv[2]]();
} catch (error) {
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}
