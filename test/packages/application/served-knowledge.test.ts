import { servedKnowledge } from '../../../packages/application/partitions/partition-services';

describe('what a date was served from', () => {
  const present = { batch: 7 };
  const anHourLater = { at: '2024-02-29T01:00:00.000000Z', batch: 7 };

  it('is the (K, S) of its first daily run', () => {
    const row = { servedKnownAt: '2024-02-29T03:12:00.000000Z', servedBatch: 4 };
    expect(servedKnowledge('2024-02-29', row, present)).toEqual({
      at: row.servedKnownAt,
      batch: 4,
    });
  });

  it.each([
    ['no row', undefined],
    ['no daily run', { servedKnownAt: null, servedBatch: null }],
  ])('is T + 1 h with the present S where there is %s', (_, row) => {
    expect(servedKnowledge('2024-02-29', row, present)).toEqual(anHourLater);
  });
});
