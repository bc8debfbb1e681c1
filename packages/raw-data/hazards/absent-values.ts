import type { LoadWarning } from '../load-warning';

/** A row without a value does not end what was said before, which the source may mean. */
export function absentValues(count: number): LoadWarning[] {
  if (count === 0) return [];
  const rows =
    count === 1 ? '1 row of user_attributes has' : `${count} rows of user_attributes have`;
  return [
    {
      code: 'absent_values',
      table: 'user_attributes',
      count,
      message: `${rows} no value and did nothing: the value before stays the latest one. To say that a user no longer has an attribute, write a word such as none as its value.`,
    },
  ];
}
