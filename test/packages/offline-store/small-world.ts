import type { LabelKnowledge } from '../../../packages/contracts/knowledge';
import type { RawTables } from '../../support/oracle';
import {
  formatInstant,
  MICROS_PER_DAY,
  MICROS_PER_HOUR,
} from '../../../packages/instants/epoch-micros';
import { midnightOf } from '../../../packages/instants/logical-date';
import type { PartitionRequest } from '../../../packages/offline-store/partition-request';
import { idsOfAllShapes } from '../../environment/ids';

export const start = midnightOf('2024-01-01');

const day = (n: number) => start + BigInt(n) * MICROS_PER_DAY;

/** Twenty users, 80 days of sessions and charges; batch 1 has all but what `late` adds as batch 2. */
export function smallWorld({ late = false } = {}): RawTables {
  const userIds = idsOfAllShapes(20);
  const at = (n: number, hours: number) => day(n) + BigInt(hours) * MICROS_PER_HOUR;
  const soon = (eventTime: bigint) => ({ eventTime, ingestedAt: eventTime + 1_000_000n, batch: 1 });
  const lateEvents = late
    ? [
        {
          userId: userIds[3]!,
          sessionId: 'late',
          eventType: 'login',
          eventTime: at(40, 5),
          ingestedAt: at(81, 0),
          batch: 2,
        },
      ]
    : [];
  return {
    users: userIds.map((userId, index) => ({
      userId,
      signupTime: at(index % 5, 3),
      plan: index % 2 ? 'pro' : 'free',
      ingestedAt: at(index % 5, 3),
      batch: 1,
    })),
    planChanges: [{ changeId: 'c1', userId: userIds[2]!, plan: 'pro', ...soon(at(20, 1)) }],
    userEvents: [
      ...userIds.flatMap((userId, index) =>
        Array.from({ length: 14 }, (_, session) => ({
          userId,
          sessionId: `session-${index}-${session}`,
          eventType: session % 2 ? 'login' : 'page_view',
          ...soon(at(5 + session * (index % 4 === 0 ? 2 : 5), (index * 7) % 24)),
        })),
      ),
      ...lateEvents,
    ],
    billingEvents: userIds.flatMap((userId, index) => [
      {
        userId,
        eventType: index % 3 ? 'charge_succeeded' : 'charge_failed',
        amountCents: 999n,
        ...soon(at(10 + index, 2)),
      },
    ]),
  };
}

/** Everything known at the end of a day, the source complete through it. */
export function snapshotAt(dayNumber: number, batch: number): LabelKnowledge {
  const at = formatInstant(day(dayNumber) + MICROS_PER_HOUR);
  return { at, batch, completeThrough: at };
}

export function latestRequest(
  date: string,
  present: LabelKnowledge,
  reason = 'backfill',
): PartitionRequest {
  const { at, batch } = present;
  return { date, kind: 'latest', known: { at, batch }, label: present, reason };
}
