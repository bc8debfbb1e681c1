import { loadClientConnectConfig, type ClientConnectConfig } from '@temporalio/envconfig';
import { ChurnError } from '../contracts';
import {
  readTlsFile,
  requireTlsMaterial,
  type RefuseTlsPart,
  type TlsMaterial,
  type TlsPart,
} from '../tls';

/** How a client shows itself to Temporal and what it trusts; empty for the embedded server. */
export type TemporalSecurity = Readonly<
  Pick<ClientConnectConfig['connectionOptions'], 'tls' | 'metadata'> & { apiKey?: string }
>;

export interface TemporalSettings {
  /** host:port */
  readonly address: string | undefined;
  readonly namespace: string;
  readonly security: TemporalSecurity;
}

type Variables = Readonly<Record<string, string | undefined>>;

export const temporalAddressPattern = /^[^\s/]+:\d+$/;
export const temporalNamespacePattern = /^[\w.-]+$/;

/**
 * Where Temporal is and how it is connected to, from the variables that Temporal's own tools read and,
 * where one of them names a profile or a configuration file, from that. Without such a variable no
 * file is read: a profile that somebody uses for another Temporal does not move an installation.
 *
 * @param present no empty values; also HOME, XDG_CONFIG_HOME and APPDATA, which say where Temporal's
 *   tools keep their configuration file
 * @throws ChurnError INVALID_SETTING
 */
export function temporalSettings(present: Variables): TemporalSettings {
  const profile = load(present);
  const { address, tls, metadata, apiKey } = profile.connectionOptions;
  const inFile = fileVariable(present);
  if (address !== undefined && !temporalAddressPattern.test(address)) {
    refuse(inFile, 'its address must be host:port');
  }
  const { namespace = 'default' } = profile;
  if (!temporalNamespacePattern.test(namespace)) {
    refuse(inFile, 'its namespace must consist of letters, digits, "_", "." and "-"');
  }
  requireBothOrNone(present);
  requireTlsMaterial(materialOf(tls), refusePart(present));
  const isSecured = tls || apiKey !== undefined;
  if (isSecured && address === undefined) {
    const problem = 'it must be given with TLS or an API key, which the embedded server has not';
    refuse('TEMPORAL_ADDRESS', problem);
  }
  return {
    address,
    namespace,
    security: {
      ...(tls ? { tls } : {}),
      ...(typeof apiKey === 'string' ? { apiKey } : {}),
      ...(metadata ? { metadata } : {}),
    },
  };
}

const variablesOfParts = {
  ca: 'TEMPORAL_TLS_SERVER_CA_CERT',
  cert: 'TEMPORAL_TLS_CLIENT_CERT',
  key: 'TEMPORAL_TLS_CLIENT_KEY',
} as const;
const parts = ['ca', 'cert', 'key'] as const;

function load(present: Variables): ClientConnectConfig {
  for (const part of parts) {
    const file = present[`${variablesOfParts[part]}_PATH`];
    if (file === undefined) continue;
    readTlsFile(part, file, refusePart(present));
    if (present[`${variablesOfParts[part]}_DATA`] !== undefined) {
      refusePart(present)(part, 'it is given both as a path and as data');
    }
  }
  const { TEMPORAL_PROFILE, TEMPORAL_CONFIG_FILE } = present;
  const usesFile = (TEMPORAL_PROFILE ?? TEMPORAL_CONFIG_FILE) !== undefined;
  try {
    return loadClientConnectConfig({
      overrideEnvVars: Object.fromEntries(
        Object.entries(present).flatMap(([name, value]) => (value ? [[name, value]] : [])),
      ),
      disableFile: !usesFile,
      // Said here, a profile that is missing is an error.
      ...(usesFile ? { profile: TEMPORAL_PROFILE ?? 'default' } : {}),
    });
  } catch (error) {
    return refuse(fileVariable(present), problemOf(error));
  }
}

/** `@temporalio/envconfig` leaves out a certificate without a key, and a key without a certificate. */
function requireBothOrNone(present: Variables): void {
  if ((present.TEMPORAL_PROFILE ?? present.TEMPORAL_CONFIG_FILE) !== undefined) return;
  const isGiven = (part: TlsPart) =>
    (present[`${variablesOfParts[part]}_PATH`] ?? present[`${variablesOfParts[part]}_DATA`]) !==
    undefined;
  if (isGiven('cert') === isGiven('key')) return;
  const missing = isGiven('cert') ? 'key' : 'cert';
  refusePart(present)(missing, 'the client certificate and its key must be given together');
}

/** Nothing of the file is quoted: it may hold an API key or a private key. */
function problemOf(error: unknown): string {
  const { message, code, line } = error as Error & { code?: string; line?: number };
  if (line !== undefined) return `the configuration file is not valid TOML (line ${line})`;
  if (code !== undefined) return "a file that it names can't be read";
  if (message.startsWith('Cannot specify both')) {
    return 'a certificate or key is given both as a path and as data';
  }
  return 'the configuration file is missing, or has no such profile';
}

const fileVariable = ({ TEMPORAL_PROFILE, TEMPORAL_CONFIG_FILE }: Variables): string =>
  TEMPORAL_PROFILE !== undefined || TEMPORAL_CONFIG_FILE === undefined
    ? 'TEMPORAL_PROFILE'
    : 'TEMPORAL_CONFIG_FILE';

function materialOf(tls: TemporalSecurity['tls']): TlsMaterial {
  if (typeof tls !== 'object' || !tls) return {};
  const { serverRootCACertificate: ca, clientCertPair: pair } = tls;
  return {
    ...(ca ? { ca: Buffer.from(ca) } : {}),
    ...(pair ? { cert: Buffer.from(pair.crt), key: Buffer.from(pair.key) } : {}),
  };
}

function refuse(variable: string, problem: string): never {
  throw new ChurnError('INVALID_SETTING', { variable, problem });
}

/** Names the variable that gives the part, and otherwise the one that would. */
function refusePart(present: Variables): RefuseTlsPart {
  return (part, problem) => {
    const name = variablesOfParts[part];
    return refuse(present[`${name}_DATA`] ? `${name}_DATA` : `${name}_PATH`, problem);
  };
}
