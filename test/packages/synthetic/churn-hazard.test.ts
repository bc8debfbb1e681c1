import fc from 'fast-check';
import { midnightOf } from '../../../packages/instants';
import { churnProbability, type Plan } from '../../../packages/synthetic';
import { CYCLE, LONGEST_STAY_CYCLES } from '../../../packages/synthetic/business-rules';
import { lifeOf, type Cycle } from '../../../packages/synthetic/life';
import { namedStreams } from '../../../packages/synthetic/named-streams';
import { SignupCalendar } from '../../../packages/synthetic/signups';

const conduct = fc.record({
  plan: fc.constantFrom<Plan>('free', 'basic', 'pro'),
  sessions: fc.nat({ max: 40 }),
  failedPayments: fc.nat({ max: 3 }),
});

describe('the probability of churn', () => {
  it('falls with every session', () => {
    fc.assert(
      fc.property(conduct, (one) => {
        expect(churnProbability({ ...one, sessions: one.sessions + 1 })).toBeLessThan(
          churnProbability(one),
        );
      }),
    );
  });

  it('rises with every failed payment', () => {
    fc.assert(
      fc.property(conduct, (one) => {
        expect(
          churnProbability({ ...one, failedPayments: one.failedPayments + 1 }),
        ).toBeGreaterThan(churnProbability(one));
      }),
    );
  });

  it('is highest for free and lowest for pro, all else equal', () => {
    fc.assert(
      fc.property(conduct, (one) => {
        const [free, basic, pro] = (['free', 'basic', 'pro'] as const).map((plan) =>
          churnProbability({ ...one, plan }),
        );
        expect(free!).toBeGreaterThan(basic!);
        expect(basic!).toBeGreaterThan(pro!);
      }),
    );
  });

  it('has log-odds linear in sessions and failures, the same steps on every plan', () => {
    const logit = (one: Parameters<typeof churnProbability>[0]) => {
      const chance = churnProbability(one);
      return Math.log(chance / (1 - chance));
    };
    fc.assert(
      fc.property(conduct, (one) => {
        const session = logit({ ...one, sessions: one.sessions + 1 }) - logit(one);
        const failure = logit({ ...one, failedPayments: one.failedPayments + 1 }) - logit(one);
        expect(session).toBeCloseTo(-0.16, 9);
        expect(failure).toBeCloseTo(1, 9);
      }),
    );
  });
});

describe('lives', () => {
  const world = { seed: 5, users: 12_000, start: '2024-01-01' };
  const calendar = new SignupCalendar(world);
  const streams = namedStreams(world.seed, () => undefined);
  const opening = Number(midnightOf(world.start));
  const range = { from: opening, through: opening + 80 * CYCLE };
  const lived: { cycle: Cycle; isLast: boolean }[] = [];
  let longest = 0;
  for (let index = 0; index < world.users; index += 1) {
    const cycles = lifeOf(calendar, index, range, streams)!.cycles.filter(
      (cycle) => !cycle.isEpilogue,
    );
    longest = Math.max(longest, cycles.length);
    for (const [place, cycle] of cycles.entries()) {
      if (cycle.number === LONGEST_STAY_CYCLES - 1) continue;
      lived.push({ cycle, isLast: place === cycles.length - 1 });
    }
  }

  it.each<[string, (cycle: Cycle) => boolean]>([
    ['without a session', (cycle) => cycle.sessions === 0],
    ['with 1 to 4 sessions', (cycle) => cycle.sessions >= 1 && cycle.sessions <= 4],
    ['with 5 to 12 sessions', (cycle) => cycle.sessions >= 5 && cycle.sessions <= 12],
    ['with more sessions', (cycle) => cycle.sessions > 12],
    ['on free', (cycle) => cycle.plan === 'free'],
    ['on basic', (cycle) => cycle.plan === 'basic'],
    ['on pro', (cycle) => cycle.plan === 'pro'],
    ['with one failed payment', (cycle) => cycle.failedPayments === 1],
    ['with several failed payments', (cycle) => cycle.failedPayments > 1],
    ['late in a stay', (cycle) => cycle.number > 12],
  ])(
    'end after a cycle %s as often as its conduct says, though drawn backwards',
    (_which, test) => {
      const cycles = lived.filter(({ cycle }) => test(cycle));
      const chances = cycles.map(({ cycle }) => churnProbability(cycle));
      const expected = chances.reduce((sum, chance) => sum + chance, 0);
      const variance = chances.reduce((sum, chance) => sum + chance * (1 - chance), 0);
      const ends = cycles.filter(({ isLast }) => isLast).length;
      expect(cycles.length).toBeGreaterThan(1_000);
      expect(Math.abs(ends - expected)).toBeLessThan(4 * Math.sqrt(variance));
    },
  );

  it('last 36 cycles at most, about eleven on average', () => {
    expect(longest).toBe(LONGEST_STAY_CYCLES);
    expect(lived.length / world.users).toBeGreaterThan(9);
    expect(lived.length / world.users).toBeLessThan(14);
  });

  it('are the same cycles whatever stretch of them is asked for', () => {
    for (let index = 0; index < 200; index += 1) {
      const whole = lifeOf(calendar, index, range, streams)!;
      const from = whole.signupTime + (index % 9) * CYCLE + 1;
      const through = from + 3 * CYCLE;
      const part = lifeOf(calendar, index, { from, through }, streams);
      expect(part?.cycles ?? []).toEqual(
        whole.cycles.filter(({ start }) => start >= from && start <= through),
      );
    }
  });
});
