import { readFileSync } from 'node:fs';
import type { SecureServerOptions } from 'node:http2';
import { dataPaths } from '../../../packages/config/data-paths';
import { loadConfig } from '../../../packages/config/load-config';
import { startStack } from '../../../packages/local-services/start-stack';
import { readStackState } from '../../../packages/local-services/state-file';
import { stopStack } from '../../../packages/local-services/stop-stack';
import { temporalAddressOf } from '../../../packages/local-services/connections';
import { createScratchDirectory } from '../../environment/scratch-directory';
import { createTestAuthority, type CertificateFiles } from '../../environment/test-certificates';
import {
  startPostgresWithTls,
  startRedisWithTls,
} from '../../packages/local-services/servers-with-tls';
import { startTemporalProxy } from '../../packages/local-services/temporal-tls-proxy';
import { withParameters } from '../../support/with-parameters';

export type Settings = Readonly<Record<string, string>>;

const API_KEY = 'key-of-this-test';
const REDIS_PASSWORD = 'password-of-this-test';
/** What the certificates of the servers are for; `localhost` is another name. */
const NAMES = ['IP:127.0.0.1'];

/**
 * Postgres, Redis and Temporal that admit nobody without TLS, a client certificate and a password or
 * an API key; Temporal by a proxy before its dev server, which has none of these. Redis and Temporal
 * are there twice: with a certificate that is valid, and with one that has expired.
 */
export async function openSecureServers() {
  const scratch = createScratchDirectory();
  const authority = createTestAuthority(scratch.path, 'authority');
  const others = createTestAuthority(scratch.path, 'others');
  const server = authority.sign('server', NAMES);
  const expired = authority.signExpired('expired', NAMES);
  const client = authority.sign('client');
  const stranger = others.sign('stranger');
  const clientAuthority = authority.cert;

  const config = loadConfig({ CHURN_DATA_DIR: `${scratch.path}/servers` });
  const postgres = await startPostgresWithTls(config, { server, clientAuthority });
  await startStack({ config, services: ['temporal'], durable: false });
  const address = temporalAddressOf(config, readStackState(dataPaths(config.dataDir).run))!;
  const proxies = await Promise.all(
    [server, expired].map((certificate) =>
      startTemporalProxy({ address, apiKey: API_KEY, tls: tlsOf(certificate, clientAuthority) }),
    ),
  );
  const redises = await Promise.all(
    [server, expired].map((certificate) =>
      startRedisWithTls(scratch.path, {
        server: certificate,
        clientAuthority,
        password: REDIS_PASSWORD,
      }),
    ),
  );
  const [proxy, expiredProxy] = proxies.map(({ port }) => `127.0.0.1:${port}`);
  const [redisUrl, expiredRedisUrl] = redises.map(({ url }) =>
    withParameters(url, { cacert: authority.cert, cert: client.cert, key: client.key }),
  );
  const settings: Settings = {
    DATABASE_URL: withParameters(postgres.url, {
      sslmode: 'verify-full',
      sslrootcert: authority.cert,
      sslcert: client.cert,
      sslkey: client.key,
    }),
    REDIS_URL: redisUrl!,
    TEMPORAL_ADDRESS: proxy!,
    TEMPORAL_API_KEY: API_KEY,
    TEMPORAL_TLS_SERVER_CA_CERT_PATH: authority.cert,
    TEMPORAL_TLS_CLIENT_CERT_PATH: client.cert,
    TEMPORAL_TLS_CLIENT_KEY_PATH: client.key,
  };
  return {
    folder: scratch.path,
    settings,
    expired: { REDIS_URL: expiredRedisUrl!, TEMPORAL_ADDRESS: expiredProxy! },
    /** Temporal's dev server itself, without TLS. */
    plainTemporal: address,
    others: others.cert,
    stranger,
    /** While `work` runs, Postgres shows an expired certificate to new connections. */
    async withExpiredPostgres<T>(work: () => Promise<T>): Promise<T> {
      await postgres.showCertificate(expired);
      try {
        return await work();
      } finally {
        await postgres.showCertificate(server);
      }
    },
    async close(): Promise<void> {
      for (const each of proxies) each.close();
      for (const redis of redises) await redis.stop();
      await stopStack({ config });
      scratch.remove();
    },
  };
}

export type SecureServers = Awaited<ReturnType<typeof openSecureServers>>;

function tlsOf({ cert, key }: CertificateFiles, clientAuthority: string): SecureServerOptions {
  return {
    cert: readFileSync(cert),
    key: readFileSync(key),
    ca: readFileSync(clientAuthority),
    requestCert: true,
    rejectUnauthorized: true,
  };
}
