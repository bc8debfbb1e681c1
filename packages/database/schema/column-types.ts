import { customType } from 'drizzle-orm/pg-core';

/** Text that is compared and ordered by its bytes, whatever the database's locale. */
export const bytewiseText = customType<{ data: string }>({ dataType: () => 'text collate "C"' });

/**
 * An instant with microseconds. It is read and written as text: postgres.js would turn it into a
 * Date and lose the last three digits.
 */
export const instant = customType<{ data: string; driverData: string }>({
  dataType: () => 'timestamp with time zone',
});
