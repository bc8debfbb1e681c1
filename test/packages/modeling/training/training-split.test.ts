import { addDays, datesBetween } from '../../../../packages/instants/logical-date';
import { splitDays } from '../../../../packages/modeling/training/training-split';
import { subtractMonths } from '../../../../packages/modeling/training/training-split';

describe('the purged split', () => {
  it('of the CDNOW sample as of 1998-06-30 validates on May and trains on October to March', () => {
    const split = splitDays(datesBetween('1997-01-01', '1998-06-30'), '1998-06-30');
    expect([split.validation[0], split.validation.at(-1)]).toEqual(['1998-05-01', '1998-05-30']);
    expect(split.gap).toEqual({ from: '1998-04-01', to: '1998-04-30' });
    expect([split.training[0], split.training.at(-1)]).toEqual(['1997-10-01', '1998-03-31']);
  });

  it.each([
    ['a leap February', '2024-04-30', '2024-03-01', '2024-03-30', '2024-01-31', '2023-07-31'],
    ['a year’s end', '2025-03-03', '2025-01-02', '2025-01-31', '2024-12-03', '2024-06-03'],
    [
      'a short month six months back',
      '2024-11-30',
      '2024-10-01',
      '2024-10-30',
      '2024-09-01',
      '2024-03-01',
    ],
    [
      'a day six months back that does not exist',
      '2024-11-28',
      '2024-09-29',
      '2024-10-28',
      '2024-08-30',
      '2024-02-29',
    ],
  ])('counts calendar days over %s', (_case, asOf, from, to, gapFrom, trainFrom) => {
    const split = splitDays(datesBetween('2023-01-01', asOf), asOf);
    expect([split.validation[0], split.validation.at(-1)]).toEqual([from, to]);
    expect(split.validation).toHaveLength(30);
    expect([split.gap.from, split.training[0]]).toEqual([gapFrom, trainFrom]);
  });

  it('uses T exactly when T + 31 d ≤ D: 30 days of label and one of grace', () => {
    const days = datesBetween('2024-01-01', '2024-12-31');
    expect(splitDays(days, '2024-12-31').validation.at(-1)).toBe('2024-11-30');
  });

  it('keeps every training label out of the validation period: T + 30 d < its first day', () => {
    const split = splitDays(datesBetween('2024-01-01', '2024-12-31'), '2024-12-31');
    expect(addDays(split.training.at(-1)!, 30) < split.validation[0]!).toBe(true);
  });

  it('trains on what there is of the six months', () => {
    const days = datesBetween('2024-03-01', '2024-05-29');
    const split = splitDays(days, '2024-06-29');
    expect(split.training).toEqual(datesBetween('2024-03-01', '2024-03-30'));
    expect(split.training).toHaveLength(30);
  });

  it('refuses 29 training days, saying how many there are and how many it takes', () => {
    const days = datesBetween('2024-03-02', '2024-05-29');
    expect(() => splitDays(days, '2024-06-29')).toThrow(
      expect.objectContaining({
        code: 'NOT_ENOUGH_TRAINING_DATA',
        message: expect.stringContaining('29 training days'),
      }),
    );
  });

  it('refuses when no day has a known label', () => {
    expect(() => splitDays(['2024-06-01'], '2024-06-29')).toThrow(
      expect.objectContaining({ code: 'NOT_ENOUGH_TRAINING_DATA' }),
    );
  });

  it('takes the days that there are: of every second day the last 30 validate', () => {
    const days = datesBetween('2024-01-01', '2024-12-31').filter((_, index) => index % 2 === 0);
    const split = splitDays(days, '2024-12-31');
    expect(split.validation).toHaveLength(30);
    expect(split.gap.to).toBe(addDays(split.validation[0]!, -1));
    expect(split.left.purged_gap).toHaveLength(15);
  });

  it('does not mind the order the days come in', () => {
    const days = datesBetween('2024-01-01', '2024-12-31');
    expect(splitDays(days.toReversed(), '2024-12-31')).toEqual(splitDays(days, '2024-12-31'));
  });
});

describe('subtracting calendar months', () => {
  it.each([
    ['2024-08-31', 6, '2024-02-29'],
    ['2023-08-31', 6, '2023-02-28'],
    ['2024-03-15', 6, '2023-09-15'],
    ['2024-01-31', 1, '2023-12-31'],
  ])('%s less %i is %s', (date, months, expected) => {
    expect(subtractMonths(date, months)).toBe(expected);
  });
});
