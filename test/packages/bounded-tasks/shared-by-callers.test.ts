import { sharedByCallers } from '../../../packages/bounded-tasks/shared-by-callers';

/** Work whose runs end when the test says so, each with its number. */
function heldRuns() {
  const ends: ((failure?: Error) => void)[] = [];
  const ask = sharedByCallers(
    () =>
      new Promise<number>((resolve, reject) => {
        const number = ends.length + 1;
        ends.push((failure) => (failure ? reject(failure) : resolve(number)));
      }),
  );
  return { ask, ends };
}

describe('work that is shared by callers', () => {
  it('runs once more for all who ask while it runs, and begins after they asked', async () => {
    const { ask, ends } = heldRuns();
    const first = ask();
    const later = [ask(), ask(), ask()];
    expect(ends).toHaveLength(1);
    ends[0]!();
    expect(await first).toBe(1);
    expect(ends).toHaveLength(2);
    const afterwards = [ask(), ask()];
    ends[1]!();
    expect(await Promise.all(later)).toEqual([2, 2, 2]);
    ends[2]!();
    expect(await Promise.all(afterwards)).toEqual([3, 3]);
    expect(ends).toHaveLength(3);
  });

  it('runs anew after a failure, which only those are told who waited for that run', async () => {
    const { ask, ends } = heldRuns();
    const failing = ask();
    const waiting = ask();
    ends[0]!(new Error('failed'));
    await expect(failing).rejects.toThrow('failed');
    ends[1]!();
    expect(await waiting).toBe(2);
    const alone = ask();
    ends[2]!();
    expect(await alone).toBe(3);
  });
});
