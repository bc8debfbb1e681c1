import type { RawTables } from '../support/oracle';
import { MICROS_PER_DAY } from '../../packages/instants/epoch-micros';
import { midnightOf } from '../../packages/instants/logical-date';

/** Ids that quoting, encodings and separators get wrong; all of them may be user ids. */
export const unusualUserIds = [
  'plain',
  "O'Brien",
  'a "quoted" one',
  ' spaces inside and around ',
  'back\\slash',
  'comma,semicolon;',
  'percent%20',
  '0042',
  'null',
  'Ωmega',
  'élan (e\u0301lan)',
  '日本語',
  '🙂',
  'x'.repeat(128),
];

const start = midnightOf('2024-01-01');

/**
 * A few users with fractions in their features: the first half is active to the end of March, the
 * others fall silent on January 20, and one of them cancels. Batch 2 is one late charge.
 */
export function unusualWorld(): RawTables {
  const at = (day: number, micros = 0n) => start + BigInt(day) * MICROS_PER_DAY + micros;
  const soon = (eventTime: bigint) => ({ eventTime, ingestedAt: eventTime + 1n, batch: 1 });
  const lastDay = (index: number) => (index < unusualUserIds.length / 2 ? 90 : 19);
  return {
    users: unusualUserIds.map((userId, index) => ({
      userId,
      signupTime: at(0, BigInt(index)),
      plan: index % 2 ? 'pro' : 'free',
      ingestedAt: at(0, BigInt(index)),
      batch: 1,
    })),
    planChanges: [],
    userEvents: unusualUserIds.flatMap((userId, index) =>
      Array.from({ length: 91 }, (_, day) => day)
        .filter((day) => day % ((index % 5) + 1) === 0 && day <= lastDay(index))
        .map((day) => ({
          userId,
          sessionId: `${index}-${day}`,
          eventType: day % 2 ? 'login' : 'page_view',
          ...soon(at(day, 3_600_000_001n)),
        })),
    ),
    billingEvents: [
      ...unusualUserIds.map((userId, index) => ({
        userId,
        eventType: index % 4 ? 'charge_succeeded' : 'charge_failed',
        amountCents: BigInt(index * 333 + 10),
        ...soon(at(10 + index)),
      })),
      {
        userId: 'null',
        eventType: 'subscription_cancelled',
        amountCents: 0n,
        ...soon(at(31)),
      },
      {
        userId: 'plain',
        eventType: 'charge_succeeded',
        amountCents: 1n,
        eventTime: at(15),
        ingestedAt: at(95),
        batch: 2,
      },
    ],
  };
}
