import { asDatabaseError } from '../../../packages/database/open-database';

it.each([
  ['53100', 'STORAGE_UNAVAILABLE'],
  ['42P01', 'DATABASE_NOT_MIGRATED'],
  ['ECONNREFUSED', 'POSTGRES_UNAVAILABLE'],
  ['57P01', 'POSTGRES_UNAVAILABLE'],
  ['28P01', 'POSTGRES_UNAVAILABLE'],
  ['SELF_SIGNED_CERT_IN_CHAIN', 'POSTGRES_UNAVAILABLE'],
])('says of an error of Postgres with the code %s that it is %s', (code, expected) => {
  const error = Object.assign(new Error('of the server'), { code });
  expect(asDatabaseError(error)).toMatchObject({ code: expected, cause: error });
});

it('lets other errors of Postgres pass', () => {
  const error = Object.assign(new Error('a division by zero'), { code: '22012' });
  expect(asDatabaseError(error)).toBe(error);
});
