import { readFileSync } from 'node:fs';
import { NativeConnection } from '@temporalio/worker';
import { loadConfig } from '../../../packages/config/load-config';
import type { ChurnError } from '../../../packages/contracts/errors';
import { temporalRecipe } from '../../../packages/local-services/services/temporal';
import {
  connectTemporal,
  workerConnectionError,
} from '../../../packages/local-services/temporal-connection';
import { createScratchDirectory } from '../../environment/scratch-directory';
import { createTestAuthority } from '../../environment/test-certificates';
import { startTemporalProxy, type TemporalProxy } from './temporal-tls-proxy';

const API_KEY = 'key-of-this-test';

describe('a Temporal with TLS, client certificates and API keys', () => {
  const scratch = createScratchDirectory();
  const authority = createTestAuthority(scratch.path, 'authority');
  const others = createTestAuthority(scratch.path, 'others');
  const serverFiles = authority.sign('server', ['DNS:localhost']);
  const client = authority.sign('client');
  const stranger = others.sign('stranger');
  let proxy: TemporalProxy;
  let guarded: TemporalProxy;

  const good = () => ({
    CHURN_DATA_DIR: scratch.path,
    TEMPORAL_ADDRESS: `localhost:${proxy.port}`,
    TEMPORAL_API_KEY: API_KEY,
    TEMPORAL_TLS_SERVER_CA_CERT_PATH: authority.cert,
    TEMPORAL_TLS_CLIENT_CERT_PATH: client.cert,
    TEMPORAL_TLS_CLIENT_KEY_PATH: client.key,
  });
  type Settings = Readonly<Record<string, string>>;
  const serverOf = (settings: Settings) => {
    const { temporal } = loadConfig(settings);
    return { address: temporal.address!, security: temporal.security, connectTimeoutMs: 500 };
  };
  const withoutClient = { TEMPORAL_TLS_CLIENT_CERT_PATH: '', TEMPORAL_TLS_CLIENT_KEY_PATH: '' };

  beforeAll(async () => {
    const tls = {
      cert: readFileSync(serverFiles.cert),
      key: readFileSync(serverFiles.key),
      ca: readFileSync(authority.cert),
      requestCert: true,
      rejectUnauthorized: true,
    };
    const address = process.env.TEST_TEMPORAL_ADDRESS!;
    proxy = await startTemporalProxy({ address, tls, apiKey: API_KEY });
    guarded = await startTemporalProxy({ address, tls, denied: /OperatorService/ });
  });
  afterAll(() => {
    proxy.close();
    guarded.close();
    scratch.remove();
  });

  const contextOf = (settings: Settings) => {
    const config = loadConfig(settings);
    return { config, state: {}, env: {}, paths: { logs: '' } } as never;
  };

  it.each<[string, () => Settings]>([
    ['by a name of its certificate', good],
    [
      'by another name, if the name of the certificate is given',
      () => ({
        ...good(),
        TEMPORAL_ADDRESS: `127.0.0.1:${proxy.port}`,
        TEMPORAL_TLS_SERVER_NAME: 'localhost',
      }),
    ],
  ])('is used %s', async (_, settings) => {
    const server = { ...serverOf(settings()), connectTimeoutMs: 10_000 };
    const connection = await connectTemporal(server);
    const { namespaceInfo } = await connection.workflowService.describeNamespace({
      namespace: 'default',
    });
    expect(namespaceInfo?.name).toBe('default');
    await connection.close();
    const native = await NativeConnection.connect({ address: server.address, ...server.security });
    await native.close();
  });

  const refused: [string, string, () => Settings][] = [
    [
      'another authority',
      'TEMPORAL_TLS_SERVER_CA_CERT_PATH',
      () => ({ TEMPORAL_TLS_SERVER_CA_CERT_PATH: others.cert }),
    ],
    [
      'no authority',
      'TEMPORAL_TLS_SERVER_CA_CERT_PATH',
      () => ({ TEMPORAL_TLS_SERVER_CA_CERT_PATH: '' }),
    ],
    [
      'another name',
      'TEMPORAL_TLS_SERVER_NAME',
      () => ({ TEMPORAL_ADDRESS: `127.0.0.1:${proxy.port}` }),
    ],
    ['no client certificate', 'TEMPORAL_TLS_CLIENT_CERT_PATH', () => withoutClient],
    [
      "a stranger's client certificate",
      'TEMPORAL_TLS_CLIENT_CERT_PATH',
      () => ({
        TEMPORAL_TLS_CLIENT_CERT_PATH: stranger.cert,
        TEMPORAL_TLS_CLIENT_KEY_PATH: stranger.key,
      }),
    ],
    ['another API key', 'TEMPORAL_API_KEY', () => ({ TEMPORAL_API_KEY: 'hunter2' })],
    ['no API key', 'TEMPORAL_API_KEY', () => ({ TEMPORAL_API_KEY: '' })],
    [
      'no TLS',
      'TEMPORAL_TLS',
      () => ({
        ...withoutClient,
        TEMPORAL_TLS_SERVER_CA_CERT_PATH: '',
        TEMPORAL_API_KEY: '',
      }),
    ],
    [
      'TLS where the server has none',
      'TEMPORAL_TLS',
      () => ({ TEMPORAL_ADDRESS: process.env.TEST_TEMPORAL_ADDRESS! }),
    ],
  ];

  it.each(refused)('refuses %s: INVALID_SETTING of %s', async (_, variable, settings) => {
    const server = serverOf({ ...good(), ...settings() });
    const error = await connectTemporal(server).catch((thrown: unknown) => thrown as ChurnError);
    expect(error).toMatchObject({ code: 'INVALID_SETTING', details: { variable } });
    expect((error as ChurnError).message).not.toContain('hunter2');
  });

  it.each<[string, string, () => Settings]>([
    [
      'authority',
      'TEMPORAL_TLS_SERVER_CA_CERT_PATH',
      () => ({ TEMPORAL_TLS_SERVER_CA_CERT_PATH: others.cert }),
    ],
    ['API key', 'TEMPORAL_API_KEY', () => ({ TEMPORAL_API_KEY: 'hunter2' })],
  ])('refuses a worker with another %s in the same words', async (_, variable, changed) => {
    const { address, security } = serverOf({ ...good(), ...changed() });
    const failure = await NativeConnection.connect({ address, ...security }).catch(
      (error: unknown) => workerConnectionError({ address, security }, error),
    );
    expect(failure).toMatchObject({
      code: 'INVALID_SETTING',
      details: { variable },
    });
  });

  it('may keep its operator service to itself, if the search attributes are there', async () => {
    const open = contextOf(good());
    await temporalRecipe.requireExternal!(open);
    await temporalRecipe.afterStart!(open);
    const settings = { ...good(), TEMPORAL_ADDRESS: `localhost:${guarded.port}` };
    await temporalRecipe.afterStart!(contextOf(settings));

    // A namespace of every server that has other search attributes.
    const lacking = contextOf({ ...settings, TEMPORAL_NAMESPACE: 'temporal-system' });
    await expect(temporalRecipe.afterStart!(lacking)).rejects.toMatchObject({
      code: 'INVALID_SETTING',
      details: {
        variable: 'TEMPORAL_NAMESPACE',
        problem: expect.stringContaining('LogicalDate') as string,
      },
    });
  });

  it.each<[string, string, () => Settings]>([
    [
      'authority',
      'TEMPORAL_TLS_SERVER_CA_CERT_PATH',
      () => ({ TEMPORAL_TLS_SERVER_CA_CERT_PATH: others.cert }),
    ],
    ['API key', 'TEMPORAL_API_KEY', () => ({ TEMPORAL_API_KEY: 'hunter2' })],
  ])('makes `up` refuse another %s', async (_, variable, settings) => {
    const context = contextOf({ ...good(), ...settings() });
    await expect(temporalRecipe.requireExternal!(context)).rejects.toMatchObject({
      code: 'INVALID_SETTING',
      details: { variable },
    });
  });

  it('that is away is TEMPORAL_UNAVAILABLE, with TLS or without', async () => {
    for (const settings of [good(), {}]) {
      const server = serverOf({ ...settings, TEMPORAL_ADDRESS: '127.0.0.1:1' });
      await expect(connectTemporal(server)).rejects.toMatchObject({ code: 'TEMPORAL_UNAVAILABLE' });
    }
  });
});
