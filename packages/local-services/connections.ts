import { dataPaths, type Config } from '../config';
import { ChurnError } from '../contracts';
import { isAlive } from '../durable-files';
import { readStackState, type ServiceState, type StackState } from './state-file';

/** Where the services of an installation are; the URLs hold passwords. */
export interface Connections {
  readonly databaseUrl: string;
  readonly redisUrl: string;
  /** host:port */
  readonly temporalAddress: string;
  readonly temporalUiUrl?: string;
  readonly apiUrl?: string;
}

const LOOPBACK = '127.0.0.1';
export const POSTGRES_USER = 'churn';
export const POSTGRES_DATABASE = 'churn';

/**
 * Where the services are: the environment's word first, else the embedded service as it was
 * started, else STACK_NOT_RUNNING. Nothing is connected to.
 *
 * @throws ChurnError STACK_NOT_RUNNING
 */
export function resolveConnections(config: Config): Connections {
  const state = runningServices(readStackState(dataPaths(config.dataDir).run));
  const databaseUrl = databaseUrlOf(config, state);
  const redisUrl = redisUrlOf(config, state);
  const temporalAddress = temporalAddressOf(config, state);
  if (!databaseUrl || !redisUrl || !temporalAddress) throw new ChurnError('STACK_NOT_RUNNING');
  const isOwnTemporal = temporalAddress === embeddedTemporalAddress(state);
  return {
    databaseUrl,
    redisUrl,
    temporalAddress,
    ...(isOwnTemporal && state.temporal?.ui_port
      ? { temporalUiUrl: httpUrl(state.temporal.ui_port) }
      : {}),
    ...(state.api ? { apiUrl: apiUrlOf(config, state.api) } : {}),
  };
}

function runningServices(state: StackState): StackState {
  return Object.fromEntries(
    Object.entries(state).filter(([, service]) => isAlive(service.pid, service.identity)),
  );
}

export function databaseUrlOf(
  config: Config,
  state: StackState,
  database = POSTGRES_DATABASE,
): string | undefined {
  return (
    config.databaseUrl ??
    (state.postgres && postgresUrl({ state: state.postgres, database, withPassword: true }))
  );
}

export function redisUrlOf(config: Config, state: StackState): string | undefined {
  const { redis } = state;
  return config.redisUrl ?? (redis && `redis://:${redis.password ?? ''}@${LOOPBACK}:${redis.port}`);
}

export function temporalAddressOf(config: Config, state: StackState): string | undefined {
  return config.temporal.address ?? embeddedTemporalAddress(state);
}

function embeddedTemporalAddress({ temporal }: StackState): string | undefined {
  return temporal && `${LOOPBACK}:${temporal.port}`;
}

/** An API that listens on every address is reached on loopback. */
export function apiUrlOf(config: Config, api: ServiceState): string {
  const isEverywhere = ['0.0.0.0', '::', 'localhost'].includes(config.api.host);
  return `http://${isEverywhere ? LOOPBACK : config.api.host}:${api.port}`;
}

export function httpUrl(port: number): string {
  return `http://${LOOPBACK}:${port}`;
}

export function postgresUrl(options: {
  state: ServiceState;
  database: string;
  withPassword: boolean;
}): string {
  const { state, database, withPassword } = options;
  const credentials = withPassword ? `${POSTGRES_USER}:${state.password ?? ''}` : POSTGRES_USER;
  return `postgres://${credentials}@${LOOPBACK}:${state.port}/${database}`;
}

/** A URL of the environment as it may be shown: no password, no query. */
export function withoutPassword(address: string): string {
  if (!address.includes('://')) return address;
  const url = new URL(address);
  url.password = '';
  url.search = '';
  return url.href;
}
