import { randomBytes } from 'node:crypto';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { ChurnError, isChurnError } from '../../contracts';
import { redisUrlOf } from '../connections';
import { onStorage } from '../on-storage';
import { requireTool } from '../tools';
import type { ServiceRecipe } from './service-recipe';
import { firstTlsProblem } from '../../tls';
import { speaksTls } from '../tls-probe';
import { withRedisOnce } from '../with-redis-once';

const DEFAULT_PORT = 6379;

/** Redis on loopback with a generated password, which its configuration file alone holds. */
export const redisRecipe: ServiceRecipe = {
  name: 'redis',
  label: 'Redis',
  stopSignal: 'SIGTERM',
  stopDeadlineMs: 10_000,
  startDeadlineMs: 30_000,
  external: (config) => config.redisUrl,
  requireExternal: async ({ config }) => {
    const url = config.redisUrl!;
    await requireUsable(url).catch(async (error: unknown) =>
      throwExternalError(error, await connectionProblem(url, error)),
    );
  },
  prepare(context, state) {
    state.password ??= randomBytes(24).toString('hex');
    const file = configurationFile(context.paths.run);
    const content = redisConfiguration({
      port: state.port,
      password: state.password,
      directory: context.paths.redis,
    });
    onStorage(() => {
      mkdirSync(context.paths.redis, { recursive: true, mode: 0o700 });
      writeFileSync(file, content, { mode: 0o600 });
      chmodSync(file, 0o600);
    });
  },
  command: (context) => ({
    command: requireTool('redis', context.env),
    // By its name, Redis 7 would take [, * and ? for a pattern, and start with its defaults, open to
    // everybody, where no file matches.
    args: ['-'],
    stdin: configurationFile(context.paths.run),
  }),
  isHealthy: (context) => isUsable(redisUrlOf(context.config, context.state)),
  publicUrl: (state) => `redis://127.0.0.1:${state.port}`,
};

const configurationFile = (runDir: string) => path.join(runDir, 'redis.conf');

export function redisConfiguration(options: {
  port: number;
  password: string;
  directory: string;
}): string {
  return [
    'bind 127.0.0.1',
    `port ${options.port}`,
    `requirepass ${options.password}`,
    `dir ${JSON.stringify(options.directory)}`,
    'daemonize no',
    'databases 64',
    'appendonly yes',
    'appendfsync everysec',
    'save ""',
    '',
  ].join('\n');
}

async function isUsable(url: string | undefined): Promise<boolean> {
  if (!url) return false;
  return requireUsable(url).then(
    () => true,
    () => false,
  );
}

/** It answers, and is no node of a cluster, whose keys lie on several servers. */
async function requireUsable(url: string): Promise<void> {
  const info = await withRedisOnce(url, async (redis) => {
    await redis.ping();
    // A user who may not ask it is most likely one of a single Redis.
    return redis.info('cluster').catch(() => '');
  });
  if (/^cluster_enabled:1\s*$/m.test(info)) throw new ChurnError('REDIS_CLUSTER');
}

const isRefusal = (error: unknown) =>
  /^(WRONGPASS|NOAUTH|ERR invalid password)/.test((error as Error).message);

/** What is wrong with TLS, or with doing without. A Redis ends or ignores a connection of the other kind. */
async function connectionProblem(url: string, error: unknown): Promise<string | undefined> {
  if (isRefusal(error) || isChurnError(error)) return undefined;
  const { protocol, hostname, port } = new URL(url);
  const host = hostname.replace(/^\[(.*)\]$/, '$1');
  const address = { host, port: Number(port || DEFAULT_PORT) };
  if (protocol !== 'rediss:') {
    const isTls = await speaksTls({ ...address, rejectUnauthorized: false });
    return isTls ? 'the server expects TLS, so the URL must start with rediss://' : undefined;
  }
  const tls = firstTlsProblem(error);
  const isClear = tls?.about === 'authority' || tls?.about === 'name';
  if (!isClear && (await speaksWithoutTls(url))) {
    return 'the server does not use TLS, so the URL must start with redis://';
  }
  return tls?.problem;
}

/** Without a password, which only TLS may carry. */
async function speaksWithoutTls(url: string): Promise<boolean> {
  const plain = `redis://${new URL(url).host}`;
  return withRedisOnce(plain, (redis) => redis.ping()).then(() => true, isRefusal);
}

/** Without a cause: the driver's error has the command, and so the password. */
function throwExternalError(error: unknown, connectionProblem?: string): never {
  if (isChurnError(error)) throw error;
  const problem = isRefusal(error)
    ? 'the server refuses its user name or password'
    : connectionProblem;
  if (!problem) throw new ChurnError('REDIS_UNAVAILABLE');
  throw new ChurnError('INVALID_SETTING', { variable: 'REDIS_URL', problem });
}
