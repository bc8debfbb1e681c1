import { createHash } from 'node:crypto';
import { generateArrivals } from '../../../packages/synthetic/generate-arrivals';
import { asLines, collect, dayAfterStart } from './collected-rows';

/** Installations extend the world that they were made with: its rows may never change. */
const recorded: [number, number, number, string, number, number, string][] = [
  [
    1,
    42,
    60,
    '2024-01-01',
    0,
    420,
    'c0b15ad09712ab74570112e1b93ad37bee1b13e5347135296a79819d9fcd679b',
  ],
  [
    1,
    7,
    200,
    '2025-03-15',
    300,
    90,
    '8375c80d618e473b06db5ab6494638ee160206557d86656f5218bbea158dbcc9',
  ],
  [
    1,
    3,
    5_000,
    '2025-01-01',
    1_500,
    2,
    'e042c1a7e4a120571436778062726735b92b144319dc87641e19d47bb98b712e',
  ],
  [
    2,
    42,
    60,
    '2024-01-01',
    0,
    420,
    'ca6373a64951060e395577f1ac13e48bb4193622ebeda6de76b8fe154603aa3a',
  ],
  [
    2,
    7,
    200,
    '2025-03-15',
    300,
    90,
    '4c70940856ba17308d4fe0fc8a86da9d919486246cf956214337ea3a21a199ed',
  ],
  [
    2,
    3,
    5_000,
    '2025-01-01',
    1_500,
    2,
    '332857e1be65b78e461f7751ee00d432997e528b0df04295033544b7978e727d',
  ],
];

describe('the rows of a version of the synthetic world', () => {
  it.each(recorded)(
    'version %i, seed %i, %i users, start %s, from day %i on for %i days, are what they were',
    (version, seed, users, start, from, days, sha256) => {
      const window = {
        after: dayAfterStart(start, from),
        through: dayAfterStart(start, from + days),
      };
      const rows = collect(generateArrivals({ version, seed, users, start }, window));
      const hash = createHash('sha256').update(asLines(rows).join('\n'));
      expect(hash.digest('hex')).toBe(sha256);
    },
  );
});
