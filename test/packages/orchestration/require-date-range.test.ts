import {
  requireBackfillRange,
  requireDateRange,
} from '../../../packages/orchestration/require-date-range';
import { catalogueMessage } from '../../support/catalogue-message';

describe('a range of dates', () => {
  it.each([
    [{}],
    [{ from: '2024-02-01' }],
    [{ to: '2024-02-01' }],
    [{ from: '2024-02-01', to: '2024-02-01' }],
  ])('%j is one', (range) => {
    expect(() => requireDateRange(range)).not.toThrow();
  });

  it.each([
    [
      { from: '2024-02-02', to: '2024-02-01' },
      catalogueMessage('INVALID_DATE_RANGE', {
        from: '2024-02-02',
        to: '2024-02-01',
        problem: /.*ends before it begins/,
      }),
    ],
    [{ from: '2024-02-30' }, /2024-02-30 does not exist/],
    [{ to: '2024-02-30' }, /2024-02-30 does not exist/],
  ])('%j is none', (range, message) => {
    const refusal = { code: 'INVALID_DATE_RANGE', message: expect.stringMatching(message) };
    expect(() => requireDateRange(range)).toThrow(expect.objectContaining(refusal));
  });

  it('of a backfill has at most 3,660 days', () => {
    const from = '2020-01-01';
    expect(() => requireBackfillRange({ from, to: '2030-01-07' })).not.toThrow();
    expect(() => requireBackfillRange({ from, to: '2030-01-08' })).toThrow(/3661 days/);
    expect(() => requireBackfillRange({ from, to: '2019-12-31' })).toThrow(/ends before/);
  });
});
