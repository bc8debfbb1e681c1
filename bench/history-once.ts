/**
 * Answers a spine from a bench installation once, in a process that does nothing else, and prints
 * {"seconds", "rows"}. Started by bench/measurements/history.ts.
 *
 *     node dist/bench/history-once.js DATA_DIR SPINE_CSV OUT_PARQUET
 */
import { openApplication } from '../packages/application/application';
import { benchConfig, quietly } from './world/with-installation';

async function main([dataDir, spine, out]: readonly string[]): Promise<void> {
  if (!dataDir || !spine || !out) throw new Error('history-once DATA_DIR SPINE_CSV OUT_PARQUET');
  const application = await openApplication(benchConfig(dataDir, ['postgres']));
  try {
    const query = { spine, out, knownAt: 'latest' };
    const started = performance.now();
    const { rows } = await application.services.writeHistory(query, quietly);
    const seconds = (performance.now() - started) / 1_000;
    process.stdout.write(`${JSON.stringify({ seconds, rows })}\n`);
  } finally {
    await application.close();
  }
}

void main(process.argv.slice(2));
