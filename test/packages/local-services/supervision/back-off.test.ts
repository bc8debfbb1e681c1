import { backOff, type BackOff } from '../../../../packages/local-services/supervision/back-off';

/** The seconds that follow on attempts, each made as soon as it may be. */
function delays(count: number, calmBefore = new Set<number>()): number[] {
  const found: number[] = [];
  let before: BackOff | undefined;
  let now = 1_000_000;
  for (let attempt = 0; attempt < count; attempt += 1) {
    if (calmBefore.has(attempt)) now += 5 * 60_000 + 1;
    before = backOff(before, now);
    found.push((before.notBefore - now) / 1_000);
    now = before.notBefore;
  }
  return found;
}

it('doubles from one second to a minute', () => {
  expect(delays(9)).toEqual([1, 2, 4, 8, 16, 32, 60, 60, 60]);
});

it('begins again after five minutes without an attempt', () => {
  expect(delays(5, new Set([3]))).toEqual([1, 2, 4, 1, 2]);
});
