import { mkdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { loadConfig } from '../../packages/config/load-config';
import { resolveConnections } from '../../packages/local-services/connections';
import type { ServiceName } from '../../packages/local-services/service-names';
import { startStack } from '../../packages/local-services/start-stack';
import { stopStack } from '../../packages/local-services/stop-stack';
import { findTool } from '../../packages/local-services/tools';
import { foldersOfDeadRuns, makeRunFolder } from './run-folder';
import { buildWorkflowBundle } from './workflow-bundle';

const repositoryRoot = path.resolve(__dirname, '../..');
const SERVERS = 'servers';

/**
 * Starts the servers that tests use and names them in the environment: TEST_DATABASE_URL,
 * TEST_REDIS_URL, TEST_TEMPORAL_ADDRESS, TEST_TIME_SKIPPING_SERVER, TEST_WORKFLOW_BUNDLE. What the
 * environment names already is used as it is.
 */
module.exports = async (): Promise<void> => {
  await refuseUnsupportedNode();
  await removeLeftovers();
  const folder = makeRunFolder();
  process.env.CHURN_TEST_RUN_FOLDER = folder;
  // For all that tests and the processes that they start write.
  process.env.TMPDIR = folder;
  // A tenth of what the processes that tests start take is compiling the same modules.
  process.env.NODE_COMPILE_CACHE ??= path.join(
    repositoryRoot,
    'node_modules/.cache/churn/compiled',
  );
  await Promise.all([startServers(path.join(folder, SERVERS)), provideBundle()]);
  setUnlessGiven('TEST_TIME_SKIPPING_SERVER', findTool('testServer', process.env)?.path);
};

/** Jest is also called directly, by whichever Node is first on PATH. */
async function refuseUnsupportedNode(): Promise<void> {
  // A path in a variable: the scripts of bin/ have no types.
  const script = path.join(repositoryRoot, 'bin', 'supported-node.mjs');
  const { chooseNode } = (await import(script)) as {
    chooseNode: () => { node?: string; problem?: string };
  };
  const { node, problem } = chooseNode();
  if (node === process.execPath) return;
  throw new Error(
    problem ??
      `The tests need a supported Node, not ${process.version}. Put the one of set-up first: ` +
        'export PATH="$(node bin/node.mjs --folder):$PATH"',
  );
}

async function startServers(dataDir: string): Promise<void> {
  const services = missingServices();
  if (services.length === 0) return;
  mkdirSync(dataDir, { mode: 0o700 });
  process.env.CHURN_TEST_SERVERS = dataDir;
  const config = loadConfig({ CHURN_DATA_DIR: dataDir });
  await startStack({ config, services, durable: false });
  const connections = resolveConnections({
    ...config,
    databaseUrl: process.env.TEST_DATABASE_URL || undefined,
    redisUrl: process.env.TEST_REDIS_URL || undefined,
    temporal: { ...config.temporal, address: process.env.TEST_TEMPORAL_ADDRESS || undefined },
  });
  setUnlessGiven('TEST_DATABASE_URL', connections.databaseUrl.replace(/\/churn$/, '/postgres'));
  setUnlessGiven('TEST_REDIS_URL', connections.redisUrl);
  setUnlessGiven('TEST_TEMPORAL_ADDRESS', connections.temporalAddress);
}

function setUnlessGiven(variable: string, value: string | undefined): void {
  if (!process.env[variable] && value !== undefined) process.env[variable] = value;
}

function missingServices(): ServiceName[] {
  const { TEST_DATABASE_URL, TEST_REDIS_URL, TEST_TEMPORAL_ADDRESS } = process.env;
  const missing: ServiceName[] = [];
  if (!TEST_DATABASE_URL) missing.push('postgres');
  if (!TEST_REDIS_URL) missing.push('redis');
  if (!TEST_TEMPORAL_ADDRESS) missing.push('temporal');
  return missing;
}

/** A bundle that can't be built leaves the variable unset: the tests that need it say so. */
async function provideBundle(): Promise<void> {
  if (process.env.TEST_WORKFLOW_BUNDLE) return;
  try {
    setUnlessGiven('TEST_WORKFLOW_BUNDLE', await buildWorkflowBundle());
  } catch (error) {
    process.stderr.write(`The workflow bundle could not be built: ${String(error)}\n`);
  }
}

/** Stops and removes the servers of test runs that were killed before their teardown. */
async function removeLeftovers(): Promise<void> {
  for (const folder of foldersOfDeadRuns()) {
    await stopStack({ config: loadConfig({ CHURN_DATA_DIR: path.join(folder, SERVERS) }) });
    rmSync(folder, { recursive: true, force: true });
  }
}
