import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { loadConfig } from '../../../packages/config/load-config';
import type { ChurnError } from '../../../packages/contracts/errors';
import { createScratchDirectory } from '../../environment/scratch-directory';
import { createTestAuthority } from '../../environment/test-certificates';

describe("Temporal's settings", () => {
  const scratch = createScratchDirectory();
  const authority = createTestAuthority(scratch.path, 'authority');
  const client = authority.sign('client');
  const other = authority.sign('other');
  const configFile = path.join(scratch.path, 'temporal.toml');
  afterAll(scratch.remove);

  const address = { TEMPORAL_ADDRESS: 'temporal:7233' };
  const mutual = {
    TEMPORAL_TLS_CLIENT_CERT_PATH: client.cert,
    TEMPORAL_TLS_CLIENT_KEY_PATH: client.key,
  };
  const refusalOf = (settings: Readonly<Record<string, string>>): ChurnError => {
    try {
      loadConfig(settings);
    } catch (error) {
      return error as ChurnError;
    }
    throw new Error('accepted');
  };
  const inFile = (text: string) => {
    writeFileSync(configFile, text);
    return { TEMPORAL_CONFIG_FILE: configFile };
  };

  it('turn TLS on with TEMPORAL_TLS, an authority, a client certificate or an API key', () => {
    const security = (settings: Readonly<Record<string, string>>) =>
      loadConfig({ ...address, ...settings }).temporal.security;
    expect(security({})).toEqual({});
    expect(security({ TEMPORAL_TLS: 'false' })).toEqual({});
    expect(security({ TEMPORAL_TLS: 'true' }).tls).toBeTruthy();
    expect(security({ TEMPORAL_API_KEY: 'key' })).toEqual({ apiKey: 'key', tls: true });
    const ca = readFileSync(authority.cert, 'utf8');
    const given = { PATH: authority.cert, DATA: ca };
    for (const [kind, value] of Object.entries(given)) {
      const { serverRootCACertificate } = security({
        [`TEMPORAL_TLS_SERVER_CA_CERT_${kind}`]: value,
      }).tls as {
        serverRootCACertificate: Uint8Array;
      };
      expect(Buffer.from(serverRootCACertificate).toString()).toBe(ca);
    }
    expect(security(mutual).tls).toMatchObject({
      clientCertPair: { crt: expect.anything() as unknown, key: expect.anything() as unknown },
    });
  });

  it('come from a profile, and variables win over it', () => {
    const settings = inFile(`
      [profile.default]
      address = "one:7233"
      namespace = "one"
      [profile.cloud]
      address = "two:7233"
      namespace = "two"
      api_key = "key"
      [profile.cloud.grpc_meta]
      team = "growth"`);
    expect(loadConfig(settings).temporal).toMatchObject({ address: 'one:7233', namespace: 'one' });
    const cloud = { ...settings, TEMPORAL_PROFILE: 'cloud' };
    expect(loadConfig(cloud).temporal).toEqual({
      address: 'two:7233',
      namespace: 'two',
      security: { apiKey: 'key', tls: true, metadata: { team: 'growth' } },
      uiPort: 0,
    });
    expect(
      loadConfig({ ...cloud, ...address, TEMPORAL_NAMESPACE: 'three' }).temporal,
    ).toMatchObject({
      address: 'temporal:7233',
      namespace: 'three',
      security: { apiKey: 'key' },
    });
  });

  it("read the file of Temporal's tools only where a profile is named", () => {
    const folder = path.join(scratch.path, 'temporalio');
    mkdirSync(folder);
    writeFileSync(path.join(folder, 'temporal.toml'), '[profile.default]\naddress = "own:7233"\n');
    // Where Linux has it; macOS has it elsewhere, below HOME.
    const home = { XDG_CONFIG_HOME: scratch.path };
    expect(loadConfig(home).temporal.address).toBeUndefined();
    if (process.platform !== 'linux') return;
    const named = { ...home, TEMPORAL_PROFILE: 'default' };
    expect(loadConfig(named).temporal.address).toBe('own:7233');
  });

  const cases: [string, string, () => Readonly<Record<string, string>>][] = [
    ['TLS without an address', 'TEMPORAL_ADDRESS', () => ({ TEMPORAL_TLS: 'true' })],
    ['an API key without an address', 'TEMPORAL_ADDRESS', () => ({ TEMPORAL_API_KEY: 'hunter2' })],
    [
      'a certificate without its key',
      'TEMPORAL_TLS_CLIENT_KEY_PATH',
      () => ({ ...address, TEMPORAL_TLS_CLIENT_CERT_PATH: client.cert }),
    ],
    [
      'a key without its certificate',
      'TEMPORAL_TLS_CLIENT_CERT_PATH',
      () => ({ ...address, TEMPORAL_TLS_CLIENT_KEY_PATH: client.key }),
    ],
    [
      'the key of another certificate',
      'TEMPORAL_TLS_CLIENT_KEY_PATH',
      () => ({ ...address, ...mutual, TEMPORAL_TLS_CLIENT_KEY_PATH: other.key }),
    ],
    [
      'a key where a certificate belongs',
      'TEMPORAL_TLS_SERVER_CA_CERT_PATH',
      () => ({ ...address, TEMPORAL_TLS_SERVER_CA_CERT_PATH: client.key }),
    ],
    [
      'a certificate that is none',
      'TEMPORAL_TLS_SERVER_CA_CERT_DATA',
      () => ({ ...address, TEMPORAL_TLS_SERVER_CA_CERT_DATA: 'hunter2' }),
    ],
    [
      'a file that is not there',
      'TEMPORAL_TLS_SERVER_CA_CERT_PATH',
      () => ({ ...address, TEMPORAL_TLS_SERVER_CA_CERT_PATH: '/nowhere/hunter2' }),
    ],
    [
      'a part given twice',
      'TEMPORAL_TLS_CLIENT_KEY_DATA',
      () => ({ ...address, ...mutual, TEMPORAL_TLS_CLIENT_KEY_DATA: 'hunter2' }),
    ],
    [
      'a configuration file that is not there',
      'TEMPORAL_CONFIG_FILE',
      () => ({ TEMPORAL_CONFIG_FILE: '/nowhere/hunter2' }),
    ],
    [
      'an unknown profile',
      'TEMPORAL_PROFILE',
      () => ({ ...inFile(''), TEMPORAL_PROFILE: 'hunter2' }),
    ],
    ['a file that is no TOML', 'TEMPORAL_CONFIG_FILE', () => inFile('api_key = hunter2"')],
    [
      'an address in a file that is none',
      'TEMPORAL_CONFIG_FILE',
      () => inFile('[profile.default]\naddress = "hunter2"\n'),
    ],
    [
      'a namespace in a file that is none',
      'TEMPORAL_CONFIG_FILE',
      () => inFile('[profile.default]\nnamespace = "hunter2 hunter2"\n'),
    ],
    [
      'a certificate in a file that is not there',
      'TEMPORAL_CONFIG_FILE',
      () =>
        inFile(
          '[profile.default]\naddress = "a:1"\n[profile.default.tls]\nserver_ca_cert_path = "/nowhere/hunter2"\n',
        ),
    ],
  ];

  it.each(cases)('refuse %s, naming %s and no value', (_, variable, settings) => {
    const error = refusalOf(settings());
    expect(error).toMatchObject({ code: 'INVALID_SETTING', details: { variable } });
    expect(`${error.message} ${String(error.cause)}`).not.toContain('hunter2');
  });
});
