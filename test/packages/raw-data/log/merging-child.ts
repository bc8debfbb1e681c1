import fs from 'node:fs/promises';
import { openDatabase } from '../../../../packages/database/open-database';
import { openDuckDb } from '../../../../packages/duckdb/open-duckdb';
import { syncRawLog } from '../../../../packages/raw-data/log/raw-log';
import type { OpenDuckDb } from '../../../../packages/raw-data/scratch';

/** Brings a raw log up to date, and kills itself, as the kernel would, before a step. */
const [url, rawLogDir, scratchDir, killedBefore] = process.argv.slice(2) as [
  string,
  string,
  string,
  string,
];

let steps = 0;

/** Everything that changes a file is a step, and so is each statement of DuckDB. */
function step(): void {
  steps += 1;
  if (steps === Number(killedBefore)) process.kill(process.pid, 'SIGKILL');
}

for (const name of ['rename', 'rm', 'mkdir', 'link'] as const) {
  const change = fs[name] as (...parameters: unknown[]) => Promise<unknown>;
  Object.assign(fs, {
    [name]: (...parameters: unknown[]) => {
      step();
      return change(...parameters);
    },
  });
}

const open: OpenDuckDb = async (directories) => {
  const duckDb = await openDuckDb({
    allowedDirectories: directories,
    scratchDirectory: directories.at(-1)!,
    memoryMegabytes: 512,
    threads: 1,
  });
  return {
    ...duckDb,
    run: (sql, signal) => {
      step();
      return duckDb.run(sql, signal);
    },
  };
};

async function main(): Promise<void> {
  const database = openDatabase(url);
  await syncRawLog({ database, rawLogDir, scratchDir, openDuckDb: open });
  await database.close();
  process.stdout.write(String(steps));
}

void main();
