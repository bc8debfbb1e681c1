import { spawn, type ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { dataPaths } from '../../../packages/config/data-paths';
import type { Segments } from '../../../packages/features/segments';
import { featureSet } from '../../../packages/features/feature-set';
import type {
  ComputeContext,
  PublishOutcome,
} from '../../../packages/offline-store/partition-request';
import { createLedger } from '../../../packages/offline-store/ledger';
import { partitionPaths } from '../../../packages/offline-store/partition-paths';
import { createScratchDirectory } from '../../environment/scratch-directory';
import { createTestDatabase, type TestDatabase } from '../../environment/test-database';
import { openTestDuckDb } from '../duckdb/open-test-duckdb';
import { writeRawLog } from '../features/raw-log-fixture';
import type { ChildOrders } from './publishing-child';
import { smallWorld } from './small-world';

const childFile = require.resolve('./publishing-child.ts');
const typescriptRequire = path.join(__dirname, '../../environment/typescript-require.cjs');

/** Two batches of a small world, a ledger, and children that publish from them. */
export interface PublishingWorld {
  readonly database: TestDatabase;
  readonly folder: string;
  context(dataDir: string, owner: string): ComputeContext;
  /** Starts a real process that publishes, and stops where it is told. */
  startChild(orders: Pick<ChildOrders, 'dataDir' | 'requests' | 'owner' | 'stop'>): PublishingChild;
  remove(): Promise<void>;
}

export interface PublishingChild {
  /** Resolves when it says that it stops; fails when it ends without. */
  readonly stopped: Promise<void>;
  /** How it ended: its signal, else its exit code; and the outcomes that it printed. */
  readonly ended: Promise<{
    by: NodeJS.Signals | number | null;
    outcomes: readonly PublishOutcome[];
  }>;
  readonly process: ChildProcess;
}

/** Short, so that a dead claim is soon handed over. */
const LEASE_SECONDS = 0.5;

export async function createPublishingWorld(): Promise<PublishingWorld> {
  const scratch = createScratchDirectory();
  const database = await createTestDatabase();
  const duckDb = await openTestDuckDb(scratch.path);
  const segments = await writeRawLog(duckDb, `${scratch.path}/raw`, smallWorld({ late: true }));
  duckDb.close();
  const children: ChildProcess[] = [];
  return {
    database,
    folder: scratch.path,
    context: (dataDir, owner) => ({
      ledger: createLedger(database, { leaseSeconds: LEASE_SECONDS }),
      store: dataPaths(dataDir),
      featureSet,
      segments,
      openDuckDb: () => openTestDuckDb(scratch.path, 1),
      owner,
    }),
    startChild: (orders) => {
      const child = startChild({
        ...orders,
        databaseUrl: database.url,
        directory: scratch.path,
        segments: allSegments(segments),
        leaseSeconds: LEASE_SECONDS,
      });
      children.push(child.process);
      return child;
    },
    remove: async () => {
      for (const child of children) child.kill('SIGKILL');
      await database.drop();
      scratch.remove();
    },
  };
}

function allSegments(segments: Segments): ChildOrders['segments'] {
  const all = (table: Parameters<Segments>[0]) => segments(table, Number.MAX_SAFE_INTEGER);
  return {
    users: all('users'),
    plan_changes: all('plan_changes'),
    user_events: all('user_events'),
    billing_events: all('billing_events'),
  };
}

function startChild(orders: ChildOrders): PublishingChild {
  const child = spawn(
    process.execPath,
    ['-r', typescriptRequire, childFile, JSON.stringify(orders)],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  let out = '';
  const stopped = new Promise<void>((resolve, reject) => {
    child.stdout.on('data', (text) => {
      out += String(text);
      if (out.startsWith('stopped\n')) resolve();
    });
    child.once('close', () => reject(new Error(`it never came to: ${orders.stop.step}`)));
  });
  stopped.catch(() => {});
  const ended = once(child, 'close').then(([code, signal]) => {
    const outcomes = out.split('\n').find((line) => line.startsWith('['));
    return {
      by: (signal ?? code) as NodeJS.Signals | number | null,
      outcomes: JSON.parse(outcomes ?? '[]') as PublishOutcome[],
    };
  });
  return { stopped, ended, process: child };
}

/** SHA-256 of what somebody who just opens the day's file gets; undefined while there is none. */
export function readDay(dataDir: string, date: string): string | undefined {
  try {
    const bytes = readFileSync(partitionPaths(dataPaths(dataDir), date).dayFile);
    return createHash('sha256').update(bytes).digest('hex');
  } catch {
    return undefined;
  }
}

/** Every file of a store with the SHA-256 of its bytes, temporary ones included. */
export function filesOf(dataDir: string): Record<string, string> {
  const entries = readdirSync(dataDir, { recursive: true, withFileTypes: true });
  const files = entries
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name))
    .sort();
  return Object.fromEntries(
    files.map((file) => [
      path.relative(dataDir, file),
      createHash('sha256').update(readFileSync(file)).digest('hex'),
    ]),
  );
}
