/**
 * Backfills a range of a bench installation once, in a process that does nothing else, and prints
 * {"seconds", "peak_rss_bytes"}. Started by bench/measurements/backfill.ts.
 *
 *     node dist/bench/backfill-once.js DATA_DIR FROM TO
 */
import { existsSync, readFileSync } from 'node:fs';
import { openApplication } from '../packages/application/application';
import { runBackfill } from './world/run-backfill';
import { benchConfig } from './world/with-installation';

async function main([dataDir, from, to]: readonly string[]): Promise<void> {
  if (!dataDir || !from || !to) throw new Error('backfill-once DATA_DIR FROM TO');
  const application = await openApplication(benchConfig(dataDir, ['postgres']));
  try {
    const seconds = await runBackfill(application, { id: 'bench', from, to });
    process.stdout.write(`${JSON.stringify({ seconds, peak_rss_bytes: peakRss() })}\n`);
  } finally {
    await application.close();
  }
}

/** Bytes, 0 where the system does not say. Not getrusage: it starts with what the parent used. */
function peakRss(): number {
  const file = '/proc/self/status';
  if (!existsSync(file)) return 0;
  return Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync(file, 'utf8'))?.[1] ?? 0) * 1_024;
}

void main(process.argv.slice(2));
