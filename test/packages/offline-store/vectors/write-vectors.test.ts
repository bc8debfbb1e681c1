import { formatInstant } from '../../../../packages/instants/epoch-micros';
import type { PartitionRequest } from '../../../../packages/offline-store/partition-request';
import { openLawRig, type LawRig } from '../../../laws/law-rig';
import { DAY, event, failed, rawTablesOf, T } from '../../features/golden-case';

const day = (days: number) => formatInstant(T + BigInt(days) * DAY);

/** An event of the horizons and a failed charge before them, both known late, in batch 2. */
const raw = rawTablesOf({
  fact: '',
  rows: [
    event(T + 6n * DAY, { batch: 2, ingestedAt: T + 40n * DAY }),
    failed(T - DAY, { batch: 2, ingestedAt: T + 20n * DAY }),
  ],
  expected: {},
});

const known = { at: day(50), batch: 2 };
const label = { ...known, completeThrough: day(50) };
const requestFor = (date: string): PartitionRequest => ({
  date,
  kind: 'latest',
  known,
  label,
  reason: 'test',
});
const [first, second] = ['2024-03-10', '2024-03-12'].map(requestFor) as [
  PartitionRequest,
  PartitionRequest,
];

describe('partitions that are computed together', () => {
  let rig: LawRig;

  beforeAll(async () => {
    rig = await openLawRig();
  });

  afterAll(() => rig.close());

  it.each<{ what: string; less: Partial<PartitionRequest> }>([
    { what: 'an earlier K', less: { known: { ...known, at: day(10) } } },
    { what: 'an earlier S', less: { known: { ...known, batch: 1 } } },
    { what: 'an earlier L', less: { label: { ...label, at: day(35) } } },
    { what: "an earlier S of the label's", less: { label: { ...label, batch: 1 } } },
    { what: 'a source less complete', less: { label: { ...label, completeThrough: day(20) } } },
  ])('keep their own knowledge where one has $what', async ({ less }) => {
    await rig.withRawLog(raw, async (segments) => {
      const bytesOf = (...requests: PartitionRequest[]) => rig.bytesOf(segments, requests);
      const [firstWithLess, secondWithLess] = [
        { ...first, ...less },
        { ...second, ...less },
      ];
      const alone = { ...(await bytesOf(first)), ...(await bytesOf(second)) };
      const withLess = { ...(await bytesOf(firstWithLess)), ...(await bytesOf(secondWithLess)) };
      expect(withLess[first.date]).not.toBe(alone[first.date]);
      expect(withLess[second.date]).not.toBe(alone[second.date]);

      expect(await bytesOf(firstWithLess, second)).toEqual({
        ...alone,
        [first.date]: withLess[first.date],
      });
      expect(await bytesOf(first, secondWithLess)).toEqual({
        ...alone,
        [second.date]: withLess[second.date],
      });
    });
  });
});
