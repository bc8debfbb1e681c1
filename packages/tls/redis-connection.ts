import { ChurnError } from '../contracts';
import {
  readTlsFile,
  requireTlsMaterial,
  type RefuseTlsPart,
  type TlsMaterial,
} from './tls-material';

export interface RedisConnection {
  /** Without the parameters that are about TLS. */
  readonly url: string;
  /** Undefined: no TLS. */
  readonly tls?: TlsMaterial & { readonly servername?: string };
}

const parameters = { ca: 'cacert', cert: 'cert', key: 'key' } as const;
const parts = ['ca', 'cert', 'key'] as const;

/**
 * What a URL of Redis says about TLS: `rediss://`, and `cacert`, `cert`, `key` and `sni`, which are
 * options of redis-cli. The server's certificate is always verified.
 *
 * @throws ChurnError INVALID_SETTING for REDIS_URL, naming the parameter
 */
export function redisConnection(redisUrl: string): RedisConnection {
  const url = new URL(redisUrl);
  const given = [...url.searchParams.keys()].find((name) => tlsParameters.includes(name));
  if (url.protocol !== 'rediss:') {
    if (given) refuse(`${given} needs a URL that starts with rediss://`);
    return { url: redisUrl };
  }
  const take = (name: string): string | undefined => {
    const value = url.searchParams.get(name);
    url.searchParams.delete(name);
    return value === null || value === '' ? undefined : value;
  };
  const servername = take('sni');
  const material: TlsMaterial = Object.fromEntries(
    parts.flatMap((part) => {
      const file = take(parameters[part]);
      return file === undefined ? [] : [[part, readTlsFile(part, file, refusePart)]];
    }),
  );
  requireTlsMaterial(material, refusePart);
  // With rediss:// ioredis would not look at the options beside the URL.
  return {
    url: url.href.replace(/^rediss:/, 'redis:'),
    tls: { ...material, ...(servername ? { servername } : {}) },
  };
}

const tlsParameters: readonly string[] = [...Object.values(parameters), 'sni'];

const refusePart: RefuseTlsPart = (part, problem) => refuse(`${parameters[part]}: ${problem}`);

function refuse(problem: string): never {
  throw new ChurnError('INVALID_SETTING', { variable: 'REDIS_URL', problem });
}
