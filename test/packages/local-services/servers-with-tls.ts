import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import path from 'node:path';
import { dataPaths } from '../../../packages/config/data-paths';
import type { Config } from '../../../packages/config/load-config';
import { openDatabase } from '../../../packages/database/open-database';
import { databaseUrlOf } from '../../../packages/local-services/connections';
import { startStack } from '../../../packages/local-services/start-stack';
import { readStackState } from '../../../packages/local-services/state-file';
import { requireTool } from '../../../packages/local-services/tools';
import type { CertificateFiles } from '../../environment/test-certificates';

/** What a server shows, and the authority of the clients that it admits. */
export interface ServerTls {
  readonly server: CertificateFiles;
  /** The file of the authority's certificate. */
  readonly clientAuthority: string;
}

/**
 * Starts the Postgres of an installation, which then admits nobody without TLS, a client certificate
 * and a password.
 *
 * @returns its URL, with the password and nothing about TLS
 */
export async function startPostgresWithTls(config: Config, tls: ServerTls) {
  await startStack({ config, services: ['postgres'], durable: false });
  const { postgres, run } = dataPaths(config.dataDir);
  const url = databaseUrlOf(config, readStackState(run))!;
  const { uid, gid } = statSync(path.join(postgres, 'pg_hba.conf'));
  const place = (name: string, content: string | Buffer) => {
    const file = path.join(postgres, name);
    writeFileSync(file, content);
    chmodSync(file, 0o600);
    chownSync(file, uid, gid);
  };
  const placeCertificate = ({ cert, key }: CertificateFiles) => {
    place('server.crt', readFileSync(cert));
    place('server.key', readFileSync(key));
  };
  placeCertificate(tls.server);
  place('root.crt', readFileSync(tls.clientAuthority));
  const rules = readFileSync(path.join(postgres, 'pg_hba.conf'), 'utf8');
  const database = openDatabase(url, { maxConnections: 1 });
  await database.sql`alter system set ssl = on`;
  await database.sql`alter system set ssl_ca_file = 'root.crt'`;
  place(
    'pg_hba.conf',
    [
      'hostnossl churn all 127.0.0.1/32 reject',
      'hostssl all all 127.0.0.1/32 scram-sha-256 clientcert=verify-ca',
      rules,
    ].join('\n'),
  );
  await database.sql`select pg_reload_conf()`;
  await database.close();
  return {
    url,
    /** To every connection from then on. */
    async showCertificate(certificate: CertificateFiles): Promise<void> {
      placeCertificate(certificate);
      await reloadSettings(databaseUrlOf(config, readStackState(run), 'postgres')!);
    },
  };
}

/** Waits until new connections have the settings of now. */
async function reloadSettings(url: string): Promise<void> {
  const ask = async (query: string): Promise<string> => {
    const database = openDatabase(url, { maxConnections: 1 });
    const [row] = await database.sql.unsafe(query);
    await database.close();
    return String(row?.answer);
  };
  const loadTime = 'select pg_conf_load_time()::text answer';
  const before = await ask(loadTime);
  await ask('select pg_reload_conf() answer');
  while ((await ask(loadTime)) === before);
}

/** A Redis that listens with TLS alone and asks for client certificates. */
export async function startRedisWithTls(
  folder: string,
  { server, clientAuthority, password }: ServerTls & { readonly password?: string },
): Promise<{ url: string; stop(): Promise<void> }> {
  const port = `${await freePort()}`;
  const child = spawn(
    requireTool('redis', process.env),
    [
      ...['--bind', '127.0.0.1', '--save', '', '--port', '0', '--tls-port', port],
      ...['--tls-cert-file', server.cert, '--tls-key-file', server.key],
      ...['--tls-ca-cert-file', clientAuthority, '--tls-auth-clients', 'yes'],
      ...(password ? ['--requirepass', password] : []),
    ],
    { cwd: folder, stdio: ['ignore', 'pipe', 'ignore'] },
  );
  await new Promise<void>((resolve) =>
    child.stdout.on('data', (text: Buffer) => {
      if (text.includes('Ready to accept connections')) resolve();
    }),
  );
  return {
    url: `rediss://${password ? `:${password}@` : ''}127.0.0.1:${port}`,
    stop: async () => {
      const ended = once(child, 'exit');
      child.kill();
      await ended;
    },
  };
}

async function freePort(): Promise<number> {
  const listener = createServer();
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const { port } = listener.address() as AddressInfo;
  listener.close();
  await once(listener, 'close');
  return port;
}
