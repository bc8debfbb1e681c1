import { addDays, weekdayOf, type LogicalDate } from '../../instants';

/** A Sunday on which clocks change in many countries at once. */
export interface ClockChange {
  readonly date: LogicalDate;
  readonly region: 'Europe' | 'the United States';
  readonly season: 'spring' | 'autumn';
  /** In spring: the hours of the local clock that some of its zones skip. */
  readonly skippedHours: readonly number[];
}

/** The rules since 2007, when the United States last changed theirs; Europe's are older. */
export function clockChanges(year: number): ClockChange[] {
  const date = (month: string, day: string) => `${String(year).padStart(4, '0')}-${month}-${day}`;
  const europe = { region: 'Europe', skippedHours: [1, 2, 3] } as const;
  const unitedStates = { region: 'the United States', skippedHours: [2] } as const;
  return [
    { ...unitedStates, season: 'spring', date: sundayFrom(date('03', '08')) },
    { ...europe, season: 'spring', date: sundayFrom(date('03', '25')) },
    { ...europe, season: 'autumn', date: sundayFrom(date('10', '25')) },
    { ...unitedStates, season: 'autumn', date: sundayFrom(date('11', '01')) },
  ];
}

/** The first Sunday on or after a date. */
function sundayFrom(date: LogicalDate): LogicalDate {
  return addDays(date, (7 - weekdayOf(date)) % 7);
}
