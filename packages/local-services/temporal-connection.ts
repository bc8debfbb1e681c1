import type { ConnectionOptions } from 'node:tls';
import type { Connection } from '@temporalio/client';
import type { TemporalSecurity } from '../config';
import { ChurnError, isChurnError } from '../contracts';
import type { TlsProblem } from '../tls';
import { probeTls, speaksTls } from './tls-probe';

const CONNECT_TIMEOUT_MS = 3_000;

/** Status codes of gRPC. */
const PERMISSION_DENIED = 7;
const UNAUTHENTICATED = 16;

export interface TemporalServer {
  /** host:port */
  readonly address: string;
  readonly security?: TemporalSecurity;
  /** Default: three seconds. */
  readonly connectTimeoutMs?: number;
}

/**
 * Connects to Temporal. The client's module loads only here, so that commands which ask no Temporal
 * start without it.
 *
 * @throws ChurnError TEMPORAL_UNAVAILABLE; INVALID_SETTING naming the setting that the server refuses,
 *   or by which the server is not trusted
 */
export async function connectTemporal(server: TemporalServer): Promise<Connection> {
  const client = await import('@temporalio/client');
  const connection = client.Connection.lazy({
    address: server.address,
    connectTimeout: server.connectTimeoutMs ?? CONNECT_TIMEOUT_MS,
    ...server.security,
  });
  try {
    await connection.ensureConnected();
    return connection;
  } catch (error) {
    await connection.close();
    throw await temporalConnectionError(server, error);
  }
}

/** An answer of Temporal that refuses the client itself, as INVALID_SETTING; else undefined. */
export function temporalRefusal(error: unknown): ChurnError | undefined {
  const { code } = (error ?? {}) as { code?: unknown };
  if (code !== UNAUTHENTICATED && code !== PERMISSION_DENIED) return undefined;
  const problem =
    'the server asks for another API key, or for another client certificate (TEMPORAL_TLS_CLIENT_CERT_PATH)';
  return new ChurnError('INVALID_SETTING', { variable: 'TEMPORAL_API_KEY', problem });
}

/**
 * Why connecting to Temporal failed. gRPC does not say it, so the server is connected to once more
 * with nothing but TLS.
 */
export async function temporalConnectionError(
  server: TemporalServer,
  error: unknown,
): Promise<ChurnError> {
  const refusal = temporalRefusal(error) ?? temporalRefusal((error as Error).cause);
  if (refusal) return refusal;
  const setting = server.security?.tls
    ? await refusedTlsSetting(server)
    : await missingTlsSetting(server);
  if (setting) return new ChurnError('INVALID_SETTING', setting, { cause: error });
  return new ChurnError('TEMPORAL_UNAVAILABLE', {}, { cause: error });
}

/**
 * The same for a connection of a worker, which does not say that an API key is refused: a client is
 * asked then.
 */
export async function workerConnectionError(
  server: TemporalServer,
  error: unknown,
): Promise<ChurnError> {
  const problem = await temporalConnectionError(server, error);
  if (problem.code !== 'TEMPORAL_UNAVAILABLE') return problem;
  return connectTemporal(server).then(
    async (connection) => {
      await connection.close();
      return problem;
    },
    (refusal: unknown) => (isChurnError(refusal) ? refusal : problem),
  );
}

type RefusedSetting = { readonly variable: string; readonly problem: string };

const settings = {
  authority: 'TEMPORAL_TLS_SERVER_CA_CERT_PATH',
  name: 'TEMPORAL_TLS_SERVER_NAME',
  client: 'TEMPORAL_TLS_CLIENT_CERT_PATH',
  protocol: 'TEMPORAL_TLS',
} as const satisfies Record<TlsProblem['about'], string>;

async function refusedTlsSetting(server: TemporalServer): Promise<RefusedSetting | undefined> {
  const { problem } = await probeTls(tlsOptionsOf(server));
  return problem && { variable: settings[problem.about], problem: problem.problem };
}

async function missingTlsSetting(server: TemporalServer): Promise<RefusedSetting | undefined> {
  if (!(await speaksTls(tlsOptionsOf({ address: server.address })))) return undefined;
  return { variable: 'TEMPORAL_TLS', problem: 'the server expects TLS, so it must be true' };
}

/** As the client's connection, for TLS alone. */
function tlsOptionsOf({ address, security }: TemporalServer): ConnectionOptions {
  const tls = typeof security?.tls === 'object' && security.tls ? security.tls : {};
  const [, host = '', port] = /^\[?(.*?)\]?:(\d+)$/.exec(address) ?? [];
  const { serverRootCACertificate: ca, clientCertPair: pair, serverNameOverride: name } = tls;
  return {
    host,
    port: Number(port),
    ALPNProtocols: ['h2'],
    ...(name ? { servername: name } : {}),
    ...(ca ? { ca: Buffer.from(ca) } : {}),
    ...(pair ? { cert: Buffer.from(pair.crt), key: Buffer.from(pair.key) } : {}),
  };
}
