import { setTimeout as delay } from 'node:timers/promises';
import { openDatabase } from '../../packages/database/open-database';
import { measureServer } from './measure-server';
import type { RunningServer } from './start-server';

export interface SoakOptions {
  readonly seconds: number;
  readonly databaseUrl: string;
}

const MEGABYTE = 1024 ** 2;
/** Memory is read at the start and after each of as many equal parts. */
const PARTS = 10;
/** How long what is still in memory may take to reach Postgres. */
const LOGGED_WITHIN_MS = 30_000;

/**
 * Has the API answer half of what it can for a long time. Prints its memory at the start and
 * after each tenth, and whether each answer has a row in the prediction log.
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
    const megabytes = [await rssMegabytes(server)];
    for (let part = 1; part <= PARTS; part++) {
      const load = await measureServer(server, { perSecond, seconds: seconds / PARTS });
      answered += load.answered;
      megabytes.push(await rssMegabytes(server));
    }
    console.log(`RSS, MB: ${megabytes.map((rss) => rss.toFixed(0)).join(' ')}`);
    const { dropped } = await untilLogged(server);
    const rows = (await countRows()) - rowsBefore;
    console.log(`answers ${answered}, rows in the log ${rows}, dropped ${dropped}`);
    if (rows !== answered) process.exitCode = 1;
  } finally {
    await database.close();
  }
}

async function rssMegabytes(server: RunningServer): Promise<number> {
  const { rssBytes } = await server.use();
  return rssBytes / MEGABYTE;
}

async function untilLogged(server: RunningServer): Promise<{ readonly dropped: number }> {
  for (const end = Date.now() + LOGGED_WITHIN_MS; ; await delay(100)) {
    const use = await server.use();
    if (use.pending === 0 || Date.now() > end) return use;
  }
}
