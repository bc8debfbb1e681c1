import { ChurnError } from '../contracts';
import { readTlsFile, requireTlsMaterial, type RefuseTlsPart, type TlsPart } from './tls-material';

/** How postgres.js is told to use TLS. */
export type PostgresTls =
  | false
  | 'prefer'
  | {
      readonly host: string;
      readonly rejectUnauthorized: boolean;
      readonly checkServerIdentity?: () => undefined;
      readonly ca?: Buffer;
      readonly cert?: Buffer;
      readonly key?: Buffer;
    };

export interface PostgresConnection {
  /** Without the parameters that are about TLS. */
  readonly url: string;
  readonly ssl: PostgresTls;
}

/** libpq's modes, except that `allow` is `prefer`. */
const modes = ['disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full'] as const;
const parameters = { ca: 'sslrootcert', cert: 'sslcert', key: 'sslkey' } as const;
/** Of libpq, for the authorities that are known anyway. */
const SYSTEM = 'system';
const parts = ['ca', 'cert', 'key'] as const;

/**
 * What a database URL says about TLS, in libpq's words: `sslmode`, `sslrootcert`, `sslcert` and
 * `sslkey`. postgres.js knows only the first and sends the others to the server as settings of it.
 * Files without a mode mean `verify-full`, and so does `sslrootcert=system`, which a mode that accepts
 * less may not stand beside: any of the public authorities would vouch for anybody.
 *
 * @throws ChurnError INVALID_SETTING for DATABASE_URL, naming the parameter
 */
export function postgresConnection(databaseUrl: string): PostgresConnection {
  const url = new URL(databaseUrl);
  if (url.search === '') return { url: databaseUrl, ssl: false };
  const take = (name: string): string | undefined => {
    const value = url.searchParams.get(name);
    url.searchParams.delete(name);
    return value === null || value === '' ? undefined : value;
  };
  const mode = take('sslmode') ?? take('ssl');
  let isSystem = false;
  const files = parts.flatMap((part) => {
    const file = take(parameters[part]);
    if (part === 'ca' && file === SYSTEM) {
      isSystem = true;
      return [];
    }
    return file === undefined ? [] : [[part, file] as const];
  });
  const unknown = [...url.searchParams.keys()].find((name) => name.startsWith('ssl'));
  if (unknown) refuse(`the parameter ${unknown} is not supported`);
  return { url: url.href, ssl: tlsOf({ mode, files, isSystem, host: url.hostname }) };
}

function tlsOf(wanted: {
  mode: string | undefined;
  files: readonly (readonly [TlsPart, string])[];
  /** The public authorities are asked for. */
  isSystem: boolean;
  host: string;
}): PostgresTls {
  const { files } = wanted;
  const mode = modeOf(wanted);
  const material = Object.fromEntries(
    files.map(([part, file]) => [part, readTlsFile(part, file, refusePart)]),
  );
  requireTlsMaterial(material, refusePart);
  if (mode === 'disable') return false;
  if (mode === 'allow' || mode === 'prefer') {
    if (files.length > 0) refuse('with certificates, sslmode must be one that requires TLS');
    return 'prefer';
  }
  return {
    // Of an IP address, postgres.js does not say to TLS what the certificate has to be for.
    host: wanted.host.replace(/^\[(.*)\]$/, '$1'),
    // As libpq has it: with an authority, `require` is `verify-ca`.
    rejectUnauthorized: mode !== 'require' || 'ca' in material,
    ...(mode === 'verify-full' ? {} : { checkServerIdentity: () => undefined }),
    ...material,
  };
}

function modeOf(wanted: {
  mode: string | undefined;
  files: readonly unknown[];
  isSystem: boolean;
}): (typeof modes)[number] {
  const { files, isSystem } = wanted;
  const { mode: name = files.length > 0 || isSystem ? 'verify-full' : 'disable' } = wanted;
  const mode = modes.find((one) => one === name);
  if (mode === undefined) return refuse(`sslmode must be one of ${modes.join(', ')}`);
  if (isSystem && mode !== 'verify-full') {
    return refuse('with sslrootcert=system, sslmode must be verify-full or left out');
  }
  return mode;
}

const refusePart: RefuseTlsPart = (part, problem) => refuse(`${parameters[part]}: ${problem}`);

function refuse(problem: string): never {
  throw new ChurnError('INVALID_SETTING', { variable: 'DATABASE_URL', problem });
}
