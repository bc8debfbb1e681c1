import { once } from 'node:events';
import { connect, createServer, type AddressInfo } from 'node:net';
import { openDatabase } from '../../../packages/database/open-database';
import { createTestDatabase, type TestDatabase } from '../../environment/test-database';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

test.each<[string, unknown[]]>([
  [
    'text',
    ['a', '', 'NULL', null, 'with "quotes"', '\\ and \\"', 'a,b', '{x}', ' blank ', 'zwei\nZeilen'],
  ],
  ['integer', [1, -2, null]],
  ['smallint', [3]],
  ['bigint', [9_007_199_254_740_991, 0]],
  ['double precision', [0.1, -1e300]],
  ['numeric', ['1.10', '-12345678901234567890.5']],
  ['date', ['2026-03-01', null]],
  ['uuid', ['5f0c8f0e-6a52-4f0e-9a44-0d2b8f3a9f10']],
  ['text', []],
])('an array of %s comes back as it went: %j', async (type, values) => {
  const { sql } = database;
  const [row] = await sql<{ whole: unknown; elements: unknown }[]>`
    SELECT ${values as string[]}::${sql.unsafe(type)}[] AS whole,
      (SELECT count(*) FROM unnest(${values as string[]}::${sql.unsafe(type)}[])) AS elements`;
  expect(row).toEqual({ whole: values, elements: values.length });
});

it('a connection is first asked what the caller asks, and nothing before', async () => {
  const url = new URL(database.url);
  const target = { host: url.hostname, port: Number(url.port) };
  let sent = '';
  const relay = createServer((client) => {
    const server = connect(target);
    client.on('data', (data) => (sent += data.toString('latin1')));
    for (const socket of [client, server]) socket.on('error', () => {});
    client.pipe(server).pipe(client);
  }).listen(0, '127.0.0.1');
  await once(relay, 'listening');
  url.host = `127.0.0.1:${(relay.address() as AddressInfo).port}`;
  const relayed = openDatabase(url.href);
  await relayed.sql`SELECT 1`;
  await relayed.sql.begin((tx) => tx`SELECT 2`);
  await relayed.close();
  relay.close();
  expect(sent).toContain('SELECT 2');
  expect(sent).not.toContain('pg_type');
});
