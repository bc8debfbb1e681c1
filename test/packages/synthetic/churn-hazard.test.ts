import fc from 'fast-check';
import { midnightOf } from '../../../packages/instants/logical-date';
import { churnProbability } from '../../../packages/synthetic/churn-probability';
import type { Plan } from '../../../packages/synthetic/synthetic-world';
import { CYCLE, LONGEST_STAY_CYCLES } from '../../../packages/synthetic/business-rules';
import { trialDropOutProbability } from '../../../packages/synthetic/churn-probability';
import { lifeOf, type Cycle, type Life } from '../../../packages/synthetic/life';
import { namedStreams } from '../../../packages/synthetic/named-streams';
import { CYCLES_NUMBERED_PER_STAY } from '../../../packages/synthetic/recipes';
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

describe.each([1, 2])('lives of version %i', (version) => {
  const world = { version, seed: 5, users: 12_000, start: '2024-01-01' };
  const calendar = new SignupCalendar(world);
  const streams = namedStreams(world.seed, () => undefined);
  const opening = Number(midnightOf(world.start));
  const range = { from: opening, through: opening + 80 * CYCLE };
  const lives = Array.from({ length: world.users }, (_, index) =>
    lifeOf(calendar, index, range, streams)!,
  );
  const lived = lives.flatMap((life) => livedCycles(life));

  it.each<[string, (cycle: Cycle) => boolean]>([
    ['without a session', ({ conduct }) => conduct.sessions === 0],
    ['with 1 to 4 sessions', ({ conduct }) => conduct.sessions >= 1 && conduct.sessions <= 4],
    ['with 5 to 12 sessions', ({ conduct }) => conduct.sessions >= 5 && conduct.sessions <= 12],
    ['with more sessions', ({ conduct }) => conduct.sessions > 12],
    ['on free', ({ plan }) => plan === 'free'],
    ['on basic', ({ plan }) => plan === 'basic'],
    ['on pro', ({ plan }) => plan === 'pro'],
    ['with one failed payment', ({ conduct }) => conduct.failedPayments === 1],
    ['with several failed payments', ({ conduct }) => conduct.failedPayments > 1],
    ['late in a stay', ({ number }) => number % CYCLES_NUMBERED_PER_STAY > 12],
  ])(
    'end a stay after a cycle %s as often as its conduct says, though drawn backwards',
    (_which, test) => {
      const cycles = lived.filter(({ cycle }) => test(cycle));
      const chances = cycles.map(({ cycle: { plan, conduct } }) =>
        churnProbability({ plan, ...conduct }),
      );
      const ends = cycles.filter(({ isLast }) => isLast).length;
      expect(cycles.length).toBeGreaterThan(1_000);
      expectAsOften(ends, chances);
    },
  );

  it('drop out of a trial as often as its sessions say', () => {
    const trials = lives.flatMap(({ cycles }) => cycles.filter(({ kind }) => kind === 'trial'));
    const chances = trials.map(({ plan, conduct }) =>
      trialDropOutProbability({ plan, sessions: conduct.sessions }),
    );
    const goOn = lives.filter(({ cycles: [first, second] }) => {
      return first!.kind === 'trial' && second?.start === first!.end;
    });
    expect(trials.length > 1_000).toBe(version > 1);
    expectAsOften(trials.length - goOn.length, chances);
  });

  it('last 36 cycles at most, returns included, and about eleven on average', () => {
    const lengths = lives.map(({ signupTime, cycles }) => {
      const last = cycles.filter(({ kind }) => kind !== 'epilogue').at(-1)!;
      return (last.end - signupTime) / CYCLE;
    });
    expect(Math.max(...lengths)).toBe(LONGEST_STAY_CYCLES);
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

/** Cycles of stays, each with whether the user left after it; without those that end every stay. */
function livedCycles({ signupTime, cycles }: Life): { cycle: Cycle; isLast: boolean }[] {
  const regular = cycles.filter(({ kind }) => kind === 'regular');
  return regular
    .map((cycle, place) => ({ cycle, isLast: regular[place + 1]?.start !== cycle.end }))
    .filter(({ cycle }) => cycle.start - signupTime <= (LONGEST_STAY_CYCLES - 2) * CYCLE);
}

/** Within four standard deviations of what so many independent chances amount to. */
function expectAsOften(count: number, chances: readonly number[]): void {
  const expected = chances.reduce((sum, chance) => sum + chance, 0);
  const variance = chances.reduce((sum, chance) => sum + chance * (1 - chance), 0);
  expect(Math.abs(count - expected)).toBeLessThanOrEqual(4 * Math.sqrt(variance));
}
