import { existsSync, readdirSync } from 'node:fs';
import { openDatabase } from '../../../packages/database/open-database';
import { openDuckDb } from '../../../packages/duckdb/open-duckdb';
import { importFolder } from '../../../packages/raw-data/import-folder';
import { withLoadLock } from '../../../packages/raw-data/load-lock';
import { syncRawLog } from '../../../packages/raw-data/log/raw-log';
import { parseInstant } from '../../../packages/instants/epoch-micros';
import type { OpenDuckDb } from '../../../packages/raw-data/scratch';

/**
 * Kills itself, as the kernel would, in the middle of what its first argument names: a phase of an
 * import, or the writing of the raw log. `frozen` is stopped in the middle of copying instead, and
 * `querying` waits in a load for a query that takes an hour.
 */
const [what, url, folder, scratchDir] = process.argv.slice(2) as [string, string, string, string];

const keeping = {
  folder: `${scratchDir}-kept`,
  megabytesMax: 100,
  sourceBytesMin: 1,
  rowsPerFile: 8192,
};

/** Files of all tables; those of users are one. */
function countKept(): number {
  if (!existsSync(keeping.folder)) return 0;
  const names = readdirSync(keeping.folder, { recursive: true, encoding: 'utf8' });
  return names.filter((name) => name.endsWith('.parquet')).length;
}

function die(): void {
  process.kill(process.pid, 'SIGKILL');
}

let isFrozen = false;

/** Once: until somebody wakes it. */
function freeze(): void {
  if (!isFrozen) process.kill(process.pid, 'SIGSTOP');
  isFrozen = true;
}

const open: OpenDuckDb = (directories) =>
  openDuckDb({
    allowedDirectories: directories,
    scratchDirectory: directories.at(-1)!,
    memoryMegabytes: 1024,
    threads: 2,
  });

const dieAtThirdSegment: OpenDuckDb = async (directories) => {
  const duckDb = await open(directories);
  let statements = 0;
  return {
    ...duckDb,
    run: async (sql) => {
      await duckDb.run(sql);
      statements += 1;
      if (statements === 3) die();
    },
  };
};

async function main(): Promise<void> {
  const database = openDatabase(url);
  if (what === 'querying') {
    await withLoadLock(database, { source: 'import' }, (tx) => tx`SELECT pg_sleep(3600)`);
  } else if (what !== 'raw-log') {
    await importFolder({
      database,
      folder,
      scratchDir,
      openDuckDb: open,
      currency: 'USD',
      arrival: 'assumed',
      rejectedLimits: { warnPercent: 1, failPercent: 20 },
      now: () => parseInstant('2026-01-01T00:00:00Z'),
      ...(what === 'loaded' ? {} : { keeping }),
      rowsPerCopy: 8192,
      onProgress: ({ table, phase, rows, total = 0 }) => {
        const isFarEnough = what === 'cleaning' ? countKept() > 5 : rows > total / 2;
        if (what === 'frozen' && phase === 'copying' && table === 'user_events') freeze();
        if (table === 'user_events' && phase === what && isFarEnough) die();
      },
    });
  } else {
    await syncRawLog({ database, rawLogDir: folder, scratchDir, openDuckDb: dieAtThirdSegment });
  }
}

void main().catch((error: unknown) => {
  process.stderr.write(String(error));
  process.exit(1);
});
