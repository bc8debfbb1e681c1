import type { LabelKnowledge } from '../../packages/contracts/knowledge';
import type { PartitionManifest } from '../../packages/contracts/partitions';
import type { RawTables } from '../support/oracle';
import { formatInstant, MICROS_PER_DAY, parseInstant } from '../../packages/instants/epoch-micros';
import { dayNumber, midnightOf } from '../../packages/instants/logical-date';
import { isWithin, touchedBy, type Fact } from '../packages/offline-store/touched-by-rules';

type Arrived<R> = R & { readonly ingestedAt: bigint; readonly batch: number };

/**
 * Whether a published partition may be looked at again by the rules in words: a row that became
 * known between two snapshots lies in a window of its, or its label became knowable.
 */
export function mayBeRestated(
  raw: RawTables,
  manifest: PartitionManifest,
  { before, now }: { before: LabelKnowledge; now: LabelKnowledge },
): boolean {
  const facts = factsOf(raw).filter(isKnownIn(now));
  const isNew = (fact: Arrived<Fact>) => !isKnownIn(before)(fact);
  const touches = facts.filter(isNew).map((fact) => touchedBy(fact, facts));
  const day = dayNumber(manifest.date);
  if (!manifest.label_mature && isLabelKnowable(manifest.date, now)) return true;
  return touches.some(({ features, label }) => {
    const isLate = manifest.knowledge === 'latest' && isWithin(day, features);
    return isLate || (manifest.label_mature && isWithin(day, label));
  });
}

/** Whether all of the horizon is over, and the source complete for it. */
export function isLabelKnowable(date: string, { at, completeThrough }: LabelKnowledge): boolean {
  const end = formatInstant(midnightOf(date) + 30n * MICROS_PER_DAY);
  return completeThrough !== null && end <= at && end <= completeThrough;
}

function isKnownIn({ at, batch }: LabelKnowledge) {
  const known = parseInstant(at);
  return (row: Arrived<object>) => row.ingestedAt <= known && row.batch <= batch;
}

function factsOf(raw: RawTables): Arrived<Fact>[] {
  const text = (time: bigint) => ({ time: formatInstant(time) });
  return [
    ...raw.users.map((row) => ({ ...row, table: 'users' as const, ...text(row.signupTime) })),
    ...raw.planChanges.map((row) => ({
      ...row,
      table: 'plan_changes' as const,
      id: row.changeId,
      ...text(row.eventTime),
    })),
    ...raw.userEvents.map((row) => ({
      ...row,
      table: 'user_events' as const,
      id: '',
      type: row.eventType,
      ...text(row.eventTime),
    })),
    ...raw.billingEvents.map((row) => ({
      ...row,
      table: 'billing_events' as const,
      id: '',
      type: row.eventType,
      cents: Number(row.amountCents),
      ...text(row.eventTime),
    })),
  ];
}
