import { setTimeout as delay } from 'node:timers/promises';
import { openDatabase } from '../../packages/database/open-database';
import { measureServer } from './measure-server';
import type { RunningServer } from './start-server';

export interface SoakOptions {
  readonly seconds: number;
  readonly databaseUrl: string;
}

const MEGABYTE = 1024 ** 2;
/** How long what is still in memory may take to reach Postgres. */
const LOGGED_WITHIN_MS = 30_000;

/**
 * Has the API answer half of what it can for a long time. Prints its memory at the start, in the
 * middle and at the end, and whether each answer has a row in the prediction log.
 */
export async function soak(
  server: RunningServer,
  { seconds, databaseUrl }: SoakOptions,
): Promise<void> {
  const database = openDatabase(databaseUrl, { maxConnections: 1 });
  const countRows = async () => {
    const [row] = await database.sql<{ rows: string }[]>`
      select count(*) as rows from ops.predictions where user_id like 'bench-%'`;
    return Number(row!.rows);
  };
  try {
    const rowsBefore = await countRows();
    const full = await measureServer(server);
    const perSecond = Math.floor(full.perSecond / 2);
    console.log(`full load ${full.perSecond.toFixed(0)}/s; ${seconds} s at ${perSecond}/s`);
    let answered = full.answered;
    await printMemory(server, 'start');
    for (const part of ['middle', 'end']) {
      const load = await measureServer(server, { perSecond, seconds: seconds / 2 });
      answered += load.answered;
      await printMemory(server, part);
    }
    const { dropped } = await untilLogged(server);
    const rows = (await countRows()) - rowsBefore;
    console.log(`answers ${answered}, rows in the log ${rows}, dropped ${dropped}`);
    if (rows !== answered) process.exitCode = 1;
  } finally {
    await database.close();
  }
}

async function printMemory(server: RunningServer, when: string): Promise<void> {
  const { rssBytes } = await server.use();
  console.log(`RSS at the ${when}: ${(rssBytes / MEGABYTE).toFixed(0)} MB`);
}

async function untilLogged(server: RunningServer): Promise<{ readonly dropped: number }> {
  for (const end = Date.now() + LOGGED_WITHIN_MS; ; await delay(100)) {
    const use = await server.use();
    if (use.pending === 0 || Date.now() > end) return use;
  }
}
