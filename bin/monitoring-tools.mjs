// The tools that check the files in monitoring/, and where `make setup-deep` puts them.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';
import { root } from './source-files.mjs';

const PROMETHEUS = '0.316.0';
/** A program of ours, about which only its sources say whether it is the same. */
const dashboardCheck = path.join(root, 'test/monitoring/check-dashboard');

/** Of each its file, and how Go makes it in GOBIN. */
export function monitoringTools() {
  const sources = createHash('sha256');
  for (const name of ['main.go', 'go.mod', 'go.sum']) {
    sources.update(readFileSync(path.join(dashboardCheck, name)));
  }
  return {
    promtool: {
      file: inCache(`promtool-${PROMETHEUS}`, 'promtool'),
      // It discovers no targets, for which it would need the clients of every cloud.
      args: [
        ...['install', '-tags', 'remove_all_sd'],
        `github.com/prometheus/prometheus/cmd/promtool@v${PROMETHEUS}`,
      ],
    },
    checkDashboard: {
      file: inCache(`check-dashboard-${sources.digest('hex').slice(0, 12)}`, 'check-dashboard'),
      args: ['install', '.'],
      cwd: dashboardCheck,
    },
  };
}

/** As in packages/local-services/tools.ts. */
function inCache(folder, executable) {
  const base = process.env.XDG_CACHE_HOME || path.join(process.env.HOME || homedir(), '.cache');
  return path.join(base, 'churn', folder, executable);
}
