import { postgresConnection } from '../../../packages/tls/postgres-connection';
import { redisConnection } from '../../../packages/tls/redis-connection';
import { createScratchDirectory } from '../../environment/scratch-directory';
import { createTestAuthority } from '../../environment/test-certificates';

const scratch = createScratchDirectory();
const { cert } = createTestAuthority(scratch.path, 'authority');
afterAll(scratch.remove);

describe('a URL of Postgres', () => {
  const base = 'postgres://u:p%40@[::1]:5432/churn';
  const verifying = { host: '::1', rejectUnauthorized: true };
  const nameless = { checkServerIdentity: expect.any(Function) as () => undefined };

  it.each([
    ['', false],
    ['?sslmode=disable', false],
    ['?sslmode=prefer', 'prefer'],
    ['?sslmode=allow', 'prefer'],
    ['?sslmode=require', { host: '::1', rejectUnauthorized: false, ...nameless }],
    [`?sslmode=require&sslrootcert=${cert}`, { ...verifying, ...nameless }],
    ['?sslmode=verify-ca', { ...verifying, ...nameless }],
    ['?sslmode=verify-full', verifying],
    ['?sslmode=verify-full&sslrootcert=system', verifying],
    ['?sslrootcert=system', verifying],
    [`?sslrootcert=${cert}`, verifying],
  ])('with %s has its TLS, and nothing about it in what is left', (query, expected) => {
    const { url, ssl } = postgresConnection(`${base}${query}`);
    expect(url).toBe(base);
    if (typeof ssl === 'object') {
      expect(ssl.ca === undefined).toBe(!query.includes(cert));
      const { ca: _, ...others } = ssl;
      expect(others).toEqual(expected);
    } else expect(ssl).toBe(expected);
  });

  it.each(['disable', 'allow', 'prefer', 'require', 'verify-ca'])(
    'does not take sslmode=%s where the public authorities are asked for',
    (mode) => {
      expect(() => postgresConnection(`${base}?sslmode=${mode}&sslrootcert=system`)).toThrow(
        expect.objectContaining({
          code: 'INVALID_SETTING',
          details: {
            variable: 'DATABASE_URL',
            problem: 'with sslrootcert=system, sslmode must be verify-full or left out',
          },
        }),
      );
    },
  );

  it('keeps its other parameters', () => {
    expect(postgresConnection(`${base}?application_name=a&sslmode=disable`).url).toBe(
      `${base}?application_name=a`,
    );
  });

  it('does not take certificates where TLS may be left out', () => {
    expect(() => postgresConnection(`${base}?sslmode=prefer&sslrootcert=${cert}`)).toThrow(
      expect.objectContaining({ code: 'INVALID_SETTING' }),
    );
  });
});

describe('a URL of Redis', () => {
  it('has TLS if it starts with rediss://, and nothing about it in what is left', () => {
    expect(redisConnection('redis://:p@cache:1/2')).toEqual({ url: 'redis://:p@cache:1/2' });
    const { url, tls } = redisConnection(`rediss://:p@cache:1/2?cacert=${cert}&sni=other`);
    expect(url).toBe('redis://:p@cache:1/2');
    expect(tls).toEqual({ ca: expect.any(Buffer) as Buffer, servername: 'other' });
  });
});
