import { gzipSync } from 'node:zlib';
import { parseInstant } from '../../../packages/instants/epoch-micros';
import type { ImportOptions } from '../../../packages/raw-data/import-folder';
import {
  BILLING_EVENTS,
  csv,
  ONE_USER,
  PLAN_CHANGES,
  USER_EVENTS,
  USERS,
} from './raw-data-fixture';

/** A text, bytes, or the SELECT of a Parquet file, by file name. */
export type ImportContent = string | Buffer | { readonly parquet: string };

export interface MisreadImport {
  readonly files: Readonly<Record<string, ImportContent>>;
  readonly options?: Partial<ImportOptions>;
  /** The name of the import folder; default: one without special characters. */
  readonly folder?: string;
  /** What a load before this one brings. */
  readonly before?: Readonly<Record<string, ImportContent>>;
  readonly expected: ImportOutcome;
}

/** Rows that were loaded or rejected, by table; or what the refusal says. */
export interface ImportOutcome {
  readonly refused?: RegExp;
  readonly loaded?: Record<string, number>;
  readonly rejected?: Record<string, Record<string, number>>;
  readonly warned?: string[];
  /** SQL of one value, and its text. */
  readonly value?: readonly [sql: string, text: string];
}

const utc = (column: string) => `to_char(${column}, 'YYYY-MM-DD"T"HH24:MI:SS.US')`;
const EVENT = 'e1,u1,s1,login,2025-02-01T00:00:00Z';
const amountOf =
  "SELECT string_agg(amount_cents::text, ' ' ORDER BY event_id) FROM raw_data.billing_events";
const signupOf = `SELECT ${utc('signup_time')} FROM raw_data.users WHERE user_id = 'u1'`;
const eventTimeOf = `SELECT ${utc('event_time')} FROM raw_data.user_events`;
const planOf = "SELECT string_agg(plan, ' ' ORDER BY user_id) FROM raw_data.users";
const completeOf = 'SELECT max(complete_through)::date FROM ops.load_batches';
const manyUsers = csv(
  USERS,
  ...Array.from(
    { length: 40 },
    (_, i) => `u${i},2025-01-01T00:00:${i + 10}Z,${i % 2 ? 'pro' : 'free'}`,
  ),
);
const usersOf = (...times: string[]) =>
  csv(USERS, ...times.map((time, i) => `u${i + 1},${time},free`));

/**
 * Imports as people have them, by kind of fault and name. The release before the present door misread
 * all but four, most of them in silence; a folder name with a glob character failed it only where
 * DuckDB may read nothing but that folder.
 */
export const misreadImports: Record<string, Record<string, MisreadImport>> = {
  'files that nobody reads': {
    'an ending in capitals, packed': {
      files: { 'users.csv': ONE_USER, 'USER_EVENTS.Csv.GZ': gzipSync(csv(USER_EVENTS, EVENT)) },
      expected: { loaded: { users: 1, user_events: 1 }, rejected: {} },
    },
    'a file for each month': {
      files: {
        'users.csv': ONE_USER,
        'user_events_2025-02.csv': csv(USER_EVENTS, EVENT),
        'user_events_2025-03.csv': csv(USER_EVENTS, 'e2,u1,s2,login,2025-03-01T00:00:00Z'),
      },
      expected: { loaded: { users: 1, user_events: 2 }, rejected: {} },
    },
    'a name that is nearly that of a table': {
      files: { 'users.csv': ONE_USER, 'events.csv': csv(USER_EVENTS, EVENT) },
      expected: { refused: /events\.csv.*did you mean user_events/ },
    },
  },
  'padded values': {
    'a tab behind each comma': {
      files: { 'users.csv': csv(USERS, 'u1,\t2025-01-01,\tpro') },
      expected: { loaded: { users: 1 }, rejected: {}, value: [planOf, 'pro'] },
    },
    'a no-break space, as pasted from a page': {
      files: { 'users.csv': csv(USERS, 'u1,2025-01-01,pro\u00A0') },
      expected: { loaded: { users: 1 }, rejected: {}, value: [planOf, 'pro'] },
    },
    'texts of a Parquet file that were padded to a fixed width': {
      files: {
        'users.csv': ONE_USER,
        'user_events.parquet': {
          parquet:
            "SELECT 'e1' AS event_id, 'u1' AS user_id, 's1   ' AS session_id, 'login     ' AS event_type, TIMESTAMP '2025-02-01' AS event_time",
        },
      },
      expected: {
        loaded: { users: 1, user_events: 1 },
        rejected: {},
        value: ["SELECT session_id || ':' || event_type FROM raw_data.user_events", 's1:login'],
      },
    },
  },
  'currencies without two decimals': {
    'won in currency units': {
      options: { currency: 'KRW' },
      files: {
        'users.csv': ONE_USER,
        'billing_events.csv': csv(BILLING_EVENTS, 'b1,u1,charge_succeeded,500,2025-02-01'),
      },
      expected: { loaded: { users: 1, billing_events: 1 }, rejected: {}, value: [amountOf, '500'] },
    },
    'fils of Bahrain': {
      options: { currency: 'BHD' },
      files: {
        'users.csv': ONE_USER,
        'billing_events.csv': csv(
          BILLING_EVENTS,
          'b1,u1,charge_succeeded,1.005,2025-02-01',
          'b2,u1,charge_succeeded,2,2025-02-01',
        ),
      },
      expected: {
        loaded: { users: 1, billing_events: 2 },
        rejected: {},
        value: [amountOf, '1005 2000'],
      },
    },
    'half a yen': {
      options: { currency: 'JPY' },
      files: {
        'users.csv': ONE_USER,
        'billing_events.csv': csv(
          BILLING_EVENTS,
          'b1,u1,charge_succeeded,10.5,2025-02-01',
          'b2,u1,charge_succeeded,10.0,2025-02-01',
        ),
      },
      expected: {
        loaded: { users: 1, billing_events: 1 },
        rejected: { billing_events: { sub_cent_amount: 1 } },
        value: [amountOf, '10'],
      },
    },
  },
  'offsets that no clock has': {
    'a minute past the greatest': {
      files: { 'users.csv': usersOf('2025-01-01T00:00:00+14:00', '2025-01-01T00:00:00+14:01') },
      expected: {
        loaded: { users: 1 },
        rejected: { users: { invalid_time: 1 } },
        value: [signupOf, '2024-12-31T10:00:00.000000'],
      },
    },
    'west of the date line': {
      files: { 'users.csv': usersOf('2025-01-01T00:00:00-12:00', '2025-01-01T00:00:00-15:00') },
      expected: {
        loaded: { users: 1 },
        rejected: { users: { invalid_time: 1 } },
        value: [signupOf, '2025-01-01T12:00:00.000000'],
      },
    },
    'minutes past 59, with and without a colon': {
      files: {
        'users.csv': usersOf(
          '2025-01-01T00:00:00+0545',
          '2025-01-01T00:00:00+0560',
          '2025-01-01T00:00:00-05:99',
        ),
      },
      expected: {
        loaded: { users: 1 },
        rejected: { users: { invalid_time: 2 } },
        value: [signupOf, '2024-12-31T18:15:00.000000'],
      },
    },
  },
  'digits below a microsecond': {
    'in text': {
      files: {
        'users.csv': ONE_USER,
        'user_events.csv': csv(USER_EVENTS, 'e1,u1,s1,login,2025-02-01T00:00:00.000000400Z'),
      },
      expected: {
        loaded: { users: 1, user_events: 1 },
        rejected: {},
        value: [eventTimeOf, '2025-02-01T00:00:00.000001'],
      },
    },
    'in nanoseconds of a Parquet file': {
      files: {
        'users.csv': ONE_USER,
        'user_events.parquet': {
          parquet:
            "SELECT 'e1' AS event_id, 'u1' AS user_id, 's1' AS session_id, 'login' AS event_type, TIMESTAMP_NS '2025-02-01 00:00:00.000000001' AS event_time",
        },
      },
      expected: {
        loaded: { users: 1, user_events: 1 },
        rejected: {},
        value: [eventTimeOf, '2025-02-01T00:00:00.000001'],
      },
    },
    'of an arrival': {
      files: {
        'users.csv': ONE_USER,
        'user_events.csv': csv(
          `${USER_EVENTS},ingested_at`,
          `${EVENT},2025-02-01T00:00:59.9999999+00:00`,
        ),
      },
      expected: {
        loaded: { users: 1, user_events: 1 },
        rejected: {},
        value: [
          `SELECT ${utc('ingested_at')} FROM raw_data.user_events`,
          '2025-02-01T00:01:00.000000',
        ],
      },
    },
  },
  'money in 32-bit floats': {
    'that looks right': {
      files: {
        'users.csv': ONE_USER,
        'billing_events.parquet': {
          parquet:
            "SELECT 'b1' AS event_id, 'u1' AS user_id, 'charge_succeeded' AS event_type, 19.99::FLOAT AS amount, TIMESTAMP '2025-02-01' AS event_time",
        },
      },
      expected: { refused: /FLOAT, which has too few digits for money/ },
    },
    'in cents': {
      files: {
        'users.csv': ONE_USER,
        'billing_events.parquet': {
          parquet:
            "SELECT 'b1' AS event_id, 'u1' AS user_id, 'charge_succeeded' AS event_type, 16777217::FLOAT AS amount_cents, TIMESTAMP '2025-02-01' AS event_time",
        },
      },
      expected: { refused: /FLOAT, which has too few digits for money/ },
    },
    'that counts whole units': {
      files: {
        'users.csv': ONE_USER,
        'billing_events.parquet': {
          parquet:
            "SELECT 'b1' AS event_id, 'u1' AS user_id, 'charge_succeeded' AS event_type, 123456792::FLOAT AS amount, TIMESTAMP '2025-02-01' AS event_time",
        },
      },
      expected: { refused: /FLOAT, which has too few digits for money/ },
    },
  },
  'loads of which nothing is accepted': {
    'days before months': {
      options: { acceptRejected: false },
      files: { 'users.csv': usersOf('13/01/2025 10:00', '14/01/2025 10:00') },
      expected: { refused: /every row was rejected/ },
    },
    'the offset of Snowflake': {
      options: { acceptRejected: false },
      files: { 'users.csv': usersOf('2025-01-01 12:00:00.000 -0800') },
      expected: {
        loaded: { users: 1 },
        rejected: {},
        value: [signupOf, '2025-01-01T20:00:00.000000'],
      },
    },
    'milliseconds since 1970': {
      options: { acceptRejected: false },
      files: { 'users.csv': usersOf('1735689600000') },
      expected: {
        loaded: { users: 1 },
        rejected: {},
        value: [signupOf, '2025-01-01T00:00:00.000000'],
      },
    },
  },
  'columns under other names': {
    'in camel case': {
      files: { 'users.csv': csv(`${USERS},ingestedAt`, 'u1,2025-01-01,free,2025-06-01') },
      expected: { refused: /did you mean ingested_at/ },
    },
    'twins by case': {
      files: { 'users.csv': csv('user_id,signup_time,Plan,PLAN', 'u1,2025-01-01,free,pro') },
      expected: { refused: /Plan and PLAN/ },
    },
    'in capitals, as Oracle and Snowflake write them': {
      files: {
        'users.csv': ONE_USER,
        'billing_events.csv': csv(
          'EVENT_ID,USER_ID,EVENT_TYPE,AMOUNT_CENTS,CURRENCY,EVENT_TIME',
          'b1,u1,charge_succeeded,500,JPY,2025-02-01',
        ),
      },
      expected: { loaded: { users: 1 }, rejected: { billing_events: { other_currency: 1 } } },
    },
  },
  'folders of any name': Object.fromEntries(
    ['100% [new]', 'it’s "50" \\ {a,b}', "O'Brien? *final* (2)"].map((folder) => [
      folder,
      {
        folder,
        files: { 'users.csv': ONE_USER },
        expected: { loaded: { users: 1 }, rejected: {} },
      },
    ]),
  ),
  'dialects of CSV': {
    'bars between the columns': {
      files: { 'users.csv': csv(USERS, 'u1,2025-01-01,free').replaceAll(',', '|') },
      expected: { loaded: { users: 1 }, rejected: {} },
    },
    'UTF-16 of big-endian machines': {
      files: { 'users.csv': Buffer.from(`\uFEFF${ONE_USER}`, 'utf16le').swap16() },
      expected: { loaded: { users: 1 }, rejected: {} },
    },
    'line ends of two systems in one file': {
      files: { 'users.csv': `${USERS}\r\nu1,2025-01-01,free\nu2,2025-01-01,free\r\n` },
      expected: { loaded: { users: 2 }, rejected: {} },
    },
  },
  'completeness without rows': {
    'of a folder without events': {
      options: { completeThrough: parseInstant('2025-06-30T00:00:00Z') },
      files: { 'users.csv': ONE_USER },
      expected: { loaded: { users: 1 }, rejected: {}, value: [completeOf, '2025-06-30'] },
    },
    'of a folder that was loaded before': {
      before: { 'users.csv': ONE_USER, 'user_events.csv': csv(USER_EVENTS, EVENT) },
      options: { completeThrough: parseInstant('2025-06-30T00:00:00Z') },
      files: { 'users.csv': ONE_USER, 'user_events.csv': csv(USER_EVENTS, EVENT) },
      expected: { loaded: {}, rejected: {}, value: [completeOf, '2025-06-30'] },
    },
    'of charges alone': {
      options: { completeThrough: parseInstant('2025-06-30T00:00:00Z') },
      files: {
        'users.csv': ONE_USER,
        'billing_events.csv': csv(BILLING_EVENTS, 'b1,u1,charge_succeeded,5,2025-02-01'),
      },
      expected: {
        loaded: { users: 1, billing_events: 1 },
        rejected: {},
        value: [completeOf, '2025-06-30'],
      },
    },
  },
  hazards: {
    'plans that are words for nothing': {
      files: {
        'users.csv': csv(USERS, 'u1,2025-01-01,pro', 'u2,2025-01-01,<NA>', 'u3,2025-01-01,\\N'),
        'plan_changes.csv': csv(PLAN_CHANGES, 'c1,u1,None,2025-02-01'),
      },
      expected: {
        loaded: { users: 1 },
        rejected: { users: { invalid_value: 2 }, plan_changes: { invalid_value: 1 } },
      },
    },
    'the words of Amplitude': {
      files: {
        'users.csv': manyUsers,
        'user_events.csv': csv(
          USER_EVENTS,
          ...Array.from(
            { length: 40 },
            (_, i) => `e${i},u${i},s${i},session_start,2025-02-01T00:00:${i + 10}Z`,
          ),
        ),
      },
      expected: { loaded: { users: 40, user_events: 40 }, rejected: {}, warned: ['no_login'] },
    },
    'an event of next year': {
      files: {
        'users.csv': manyUsers,
        'user_events.csv': csv(
          USER_EVENTS,
          ...Array.from(
            { length: 120 },
            (_, i) => `e${i},u${i % 40},s${i},login,2025-02-${(i % 19) + 10}T01:00:00Z`,
          ),
          'e999,u1,s999,login,2025-11-30T00:00:00Z',
        ),
      },
      expected: {
        loaded: { users: 40, user_events: 121 },
        rejected: {},
        warned: ['stray_last_event'],
        value: [completeOf, '2025-02-28'],
      },
    },
  },
};
