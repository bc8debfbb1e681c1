import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Connection } from '@temporalio/client';
import { ChurnError, isChurnError, searchAttributeNames } from '../../contracts';
import { httpUrl, temporalAddressOf } from '../connections';
import { repositoryRoot } from '../repository-root';
import { onStorage } from '../on-storage';
import { connectTemporal, temporalRefusal } from '../temporal-connection';
import { requireTool } from '../tools';
import type { ServiceRecipe, StackContext } from './service-recipe';

const TIMEOUT_MS = 3_000;
const KEYWORD = 2; // temporal.api.enums.v1.IndexedValueType
const RETENTION_DAYS = 30;
const GRPC_INVALID_ARGUMENT = 3;
const GRPC_NOT_FOUND = 5;
const GRPC_PERMISSION_DENIED = 7;
const GRPC_UNIMPLEMENTED = 12;

/** Temporal's dev server with its UI, persistent in one SQLite file. */
export const temporalRecipe: ServiceRecipe = {
  name: 'temporal',
  label: 'Temporal',
  uiPortSetting: (config) => ({ variable: 'CHURN_TEMPORAL_UI_PORT', port: config.temporal.uiPort }),
  stopSignal: 'SIGTERM',
  stopDeadlineMs: 10_000,
  startDeadlineMs: 60_000,
  external: (config) => config.temporal.address,
  requireExternal: (context) => describeNamespace(context).catch(throwExternalError),
  prepare: ({ config, paths }, state) => {
    onStorage(() => {
      mkdirSync(paths.temporal, { recursive: true, mode: 0o700 });
      const profile = connectionProfile(state.port, config.temporal.namespace);
      writeFileSync(path.join(paths.run, 'temporal.toml'), profile);
    });
  },
  command: (context, state) => ({
    command: requireTool('temporal', context.env),
    args: [
      ...['server', 'start-dev', '--ip', '127.0.0.1', '--ui-ip', '127.0.0.1'],
      ...['--port', String(state.port), '--ui-port', String(state.ui_port)],
      // SQLite's driver would take ?, # and % in a path for parts of a URL.
      ...['--db-filename', 'temporal.db'],
      ...['--namespace', context.config.temporal.namespace],
      ...['--log-level', 'error'],
      ...dynamicConfigArgs(),
    ],
    cwd: context.paths.temporal,
    // Keeps the Go heap small beside the other services.
    env: { GOMEMLIMIT: '384MiB' },
  }),
  isHealthy: (context) => hasNamespace(context),
  async afterStart(context) {
    await registerSearchAttributes(context);
    if (context.config.temporal.address === undefined) await keepHistories(context);
  },
  publicUrl: (state) => httpUrl(state.ui_port ?? state.port),
};

/** For people: `temporal --config-file <data dir>/run/temporal.toml workflow list`. */
function connectionProfile(port: number, namespace: string): string {
  return `[profile.default]\naddress = "127.0.0.1:${port}"\nnamespace = "${namespace}"\n`;
}

/** temporal-config/dynamicconfig/development.json: `{ "key": value }`. */
function dynamicConfigArgs(): string[] {
  const file = path.join(repositoryRoot(), 'temporal-config/dynamicconfig/development.json');
  const values = JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>;
  return Object.entries(values).flatMap(([key, value]) => [
    '--dynamic-config-value',
    `${key}=${JSON.stringify(value)}`,
  ]);
}

async function hasNamespace(context: StackContext): Promise<boolean> {
  return describeNamespace(context).then(
    () => true,
    () => false,
  );
}

async function describeNamespace(context: StackContext): Promise<void> {
  const { namespace } = context.config.temporal;
  await withTemporal(context, ({ workflowService }) =>
    workflowService.describeNamespace({ namespace }),
  );
}

function throwExternalError(error: unknown): never {
  if (isChurnError(error)) throw error;
  const refusal = temporalRefusal(error);
  if (refusal) throw refusal;
  const isUnknown = (error as { code?: unknown }).code === GRPC_NOT_FOUND;
  if (!isUnknown) throw new ChurnError('TEMPORAL_UNAVAILABLE', {}, { cause: error });
  const problem = 'the server has no namespace of that name';
  throw new ChurnError('INVALID_SETTING', { variable: 'TEMPORAL_NAMESPACE', problem });
}

/** Adds those that are missing; Temporal refuses workflows with attributes it does not know. */
async function registerSearchAttributes(context: StackContext): Promise<void> {
  const { namespace, address } = context.config.temporal;
  try {
    await withTemporal(context, async ({ operatorService }) => {
      const known = await operatorService.listSearchAttributes({ namespace });
      const missing = searchAttributeNames.filter((name) => !(name in known.customAttributes));
      if (missing.length === 0) return;
      const searchAttributes = Object.fromEntries(missing.map((name) => [name, KEYWORD]));
      await operatorService.addSearchAttributes({ namespace, searchAttributes });
    });
  } catch (error) {
    // As Temporal Cloud does, where attributes are added by other means.
    if (address !== undefined && isClosed(error)) return requireSearchAttributes(context);
    throw new ChurnError(
      'SERVICE_FAILED_TO_START',
      {
        service: 'Temporal',
        problem: `its search attributes ${searchAttributeNames.join(', ')} could not be registered`,
        log: path.join(context.paths.logs, 'temporal.log'),
      },
      { cause: error },
    );
  }
}

function isClosed(error: unknown): boolean {
  const { code } = error as { code?: unknown };
  return code === GRPC_PERMISSION_DENIED || code === GRPC_UNIMPLEMENTED;
}

/** @throws ChurnError INVALID_SETTING, if the namespace can't be searched by one of them */
async function requireSearchAttributes(context: StackContext): Promise<void> {
  const { namespace } = context.config.temporal;
  await withTemporal(context, async ({ workflowService }) => {
    for (const name of searchAttributeNames) {
      const query = `${name} = 'none'`;
      await workflowService
        .countWorkflowExecutions({ namespace, query })
        .catch((error: unknown) => {
          if ((error as { code?: unknown }).code !== GRPC_INVALID_ARGUMENT) throw error;
          const problem = `the server lets nobody add search attributes to it; add ${searchAttributeNames.join(', ')}, of type Keyword, in the console of the server`;
          throw new ChurnError('INVALID_SETTING', { variable: 'TEMPORAL_NAMESPACE', problem });
        });
    }
  });
}

/** The dev server forgets closed workflows after a day; operators look further back. */
async function keepHistories(context: StackContext): Promise<void> {
  await withTemporal(context, ({ workflowService }) =>
    workflowService.updateNamespace({
      namespace: context.config.temporal.namespace,
      config: { workflowExecutionRetentionTtl: { seconds: (RETENTION_DAYS * 86_400) as never } },
    }),
  );
}

async function withTemporal<T>(
  context: StackContext,
  work: (connection: Connection) => Promise<T>,
): Promise<T> {
  const connection = await connectTemporal({
    address: temporalAddressOf(context.config, context.state)!,
    security: context.config.temporal.security,
  });
  try {
    return await connection.withDeadline(Date.now() + 4 * TIMEOUT_MS, () => work(connection));
  } finally {
    await connection.close();
  }
}
