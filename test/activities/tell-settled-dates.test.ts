import { createSettledDatesTeller } from '../../activities/tell-settled-dates';
import type { SettledDates } from '../../packages/contracts/runs';
import { createSignal } from '../workflows/signal';

const chunk = '2024-06-01';

describe('telling how the dates of a chunk settle', () => {
  it('begins with what settles at once, then tells all that came meanwhile in one message', async () => {
    const told: SettledDates[] = [];
    const [once, twice] = [createSignal(), createSignal()];
    const teller = createSettledDatesTeller({
      chunk,
      tell: async (settled) => (told.push(settled) === 1 ? once : twice).send(),
      tellMs: 1,
    });
    teller.note({ date: '2024-06-01', status: 'succeeded' });
    teller.note({ date: '2024-06-02', status: 'succeeded' });
    await once.received;
    teller.note({ date: '2024-06-03', status: 'skipped' });
    teller.note({ date: '2024-06-04', status: 'failed', error: 'CORRUPT_FILE: x' });
    await twice.received;
    await teller.stop({ flush: true });
    expect(told).toEqual([
      { chunk, succeeded: 2, skipped: 0, failed: [], errors: [] },
      {
        chunk,
        succeeded: 2,
        skipped: 1,
        failed: ['2024-06-04'],
        errors: [{ date: '2024-06-04', error: 'CORRUPT_FILE: x' }],
      },
    ]);
  });

  it.each([
    [true, 2],
    [false, 1],
  ])('tells the rest at its end where it is asked to (%s): %d messages', async (flush, count) => {
    const told: SettledDates[] = [];
    const once = createSignal();
    const tell = async (settled: SettledDates) => {
      told.push(settled);
      once.send();
    };
    const teller = createSettledDatesTeller({ chunk, tell, tellMs: 60_000 });
    teller.note({ date: '2024-06-01', status: 'succeeded' });
    await once.received;
    teller.note({ date: '2024-06-02', status: 'succeeded' });
    await teller.stop({ flush });
    expect(told).toHaveLength(count);
    expect(told.at(-1)?.succeeded).toBe(count);
  });

  it('has nothing to say of a chunk of which no date settled', async () => {
    const tell = jest.fn();
    await createSettledDatesTeller({ chunk, tell }).stop({ flush: true });
    expect(tell).not.toHaveBeenCalled();
  });
});
