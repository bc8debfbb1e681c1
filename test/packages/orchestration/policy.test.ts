import fc from 'fast-check';
import {
  dailyPipeline,
  type PipelineStep,
  type RiskClass,
  type StepName,
} from '../../../packages/contracts/pipeline';
import type { StepOutcome } from '../../../packages/contracts/runs';
import { addDays, datesBetween } from '../../../packages/instants/logical-date';
import { isStepDue } from '../../../packages/orchestration/is-step-due';
import { nextSteps } from '../../../packages/orchestration/next-steps';
import { datesOfChunk, planChunks } from '../../../packages/orchestration/plan-chunks';
import {
  retryPolicyFor,
  STEP_BUDGET_MINUTES,
} from '../../../packages/orchestration/retry-policy-for';
import {
  nominalMillis,
  slaApplies,
  slaDeadlines,
} from '../../../packages/orchestration/sla-deadlines';
import { verdictOf } from '../../../packages/orchestration/verdict-of';

const anyDate = fc.integer({ min: 0, max: 3000 }).map((days) => addDays('2020-01-01', days));

describe('the weekdays of a step', () => {
  const train = dailyPipeline.find(({ name }) => name === 'train_model')!;

  it.each([
    ['2024-06-02', 'Sunday', false],
    ['2024-06-03', 'Monday', true],
    ['2024-06-04', 'Tuesday', true],
    ['2024-06-05', 'Wednesday', true],
    ['2024-06-06', 'Thursday', false],
    ['2024-06-07', 'Friday', false],
    ['2024-06-08', 'Saturday', false],
  ])('training on %s, a %s: %s', (date, _day, isDue) => {
    expect(isStepDue(train, date)).toBe(isDue);
  });

  it('are every day for the other five', () => {
    const others = dailyPipeline.filter((step) => step !== train);
    for (const date of datesBetween('2024-06-02', '2024-06-08')) {
      expect(others.filter((step) => isStepDue(step, date))).toHaveLength(5);
    }
  });
});

describe('chunks', () => {
  it.each([
    ['nothing', [], []],
    ['one day', ['2024-02-29'], [['2024-02-29', '2024-02-29', 0]]],
    [
      'thirty-one days',
      datesBetween('2024-01-01', '2024-01-31'),
      [
        ['2024-01-01', '2024-01-30', 0],
        ['2024-01-31', '2024-01-31', 0],
      ],
    ],
    ['two ends of a month', ['2024-01-30', '2024-01-01'], [['2024-01-01', '2024-01-30', 28]]],
    [
      'two days a month apart',
      ['2024-01-01', '2024-02-01'],
      [
        ['2024-01-01', '2024-01-01', 0],
        ['2024-02-01', '2024-02-01', 0],
      ],
    ],
  ])('of %s', (_case, dates, expected) => {
    const chunks = planChunks(dates);
    expect(chunks.map(({ from, to, except }) => [from, to, except.length])).toEqual(expected);
  });

  it('hold every date once, and a year is at most 15 of them however it is holed', () => {
    const anyDays = fc.array(
      fc.integer({ min: 0, max: 365 }).map((day) => addDays('2024-01-01', day)),
      { maxLength: 500 },
    );
    fc.assert(
      fc.property(anyDays, (dates) => {
        const chunks = planChunks(dates);
        expect(chunks.flatMap(datesOfChunk)).toEqual([...new Set(dates)].sort());
        expect(chunks.length).toBeLessThanOrEqual(15);
      }),
    );
  });

  it.each([0, -1, 1.5, NaN])('can not be of %s days', (daysPerChunk) => {
    expect(() => planChunks(['2024-01-01'], { daysPerChunk })).toThrow(RangeError);
  });
});

describe('the next steps', () => {
  const outcome = (step: StepName, status: StepOutcome['status']): StepOutcome => ({
    step,
    status,
    seconds: 1,
    result: null,
  });
  /** Runs a pipeline to its end; `fails` says which steps fail, `order` which running one ends next. */
  function play({
    pipeline,
    date,
    fails,
    order,
  }: {
    pipeline: readonly PipelineStep[];
    date: string;
    fails: ReadonlySet<string>;
    order: () => number;
  }) {
    const settled = new Map<StepName, StepOutcome>();
    const running = new Set<StepName>();
    const trace: [event: 'start' | 'settle', step: StepName][] = [];
    for (;;) {
      const next = nextSteps({ pipeline, date, settled, running });
      for (const { step, skipped } of next.skip) {
        settled.set(step.name, { ...outcome(step.name, 'skipped'), skipped });
        trace.push(['settle', step.name]);
      }
      for (const step of next.start) {
        running.add(step.name);
        trace.push(['start', step.name]);
      }
      if (next.skip.length > 0) continue;
      const name = [...running][order() % running.size];
      if (!name) return { settled, trace };
      running.delete(name);
      settled.set(name, outcome(name, fails.has(name) ? 'failed' : 'succeeded'));
      trace.push(['settle', name]);
    }
  }

  const names = dailyPipeline.map(({ name }) => name);
  const anyPipeline = fc
    .array(fc.tuple(fc.array(fc.nat(5), { maxLength: 3 }), fc.boolean(), fc.boolean()), {
      minLength: 6,
      maxLength: 6,
    })
    .map((rows) =>
      rows.map(([after, runsAfterFailure, isWeekly], index): PipelineStep => {
        const { slaMinutes, risk, startToCloseMinutes, heartbeatSeconds } = dailyPipeline[0]!;
        return {
          name: names[index]!,
          after: [...new Set(after.filter((other) => other < index))].map((other) => names[other]!),
          slaMinutes,
          risk,
          startToCloseMinutes,
          heartbeatSeconds,
          ...(runsAfterFailure ? { runsAfterFailure } : {}),
          ...(isWeekly ? { weekdays: [1] } : {}),
        };
      }),
    );

  it('start no step before all it comes after have settled, settle each once, and end', () => {
    fc.assert(
      fc.property(
        anyPipeline,
        anyDate,
        fc.subarray([...names]),
        fc.infiniteStream(fc.nat(100)),
        (pipeline, date, failing, orders) => {
          const order = () => orders.next().value as number;
          const { settled, trace } = play({ pipeline, date, fails: new Set(failing), order });
          expect(settled.size).toBe(pipeline.length);
          const settledAt = (name: StepName) =>
            trace.findIndex(([event, step]) => event === 'settle' && step === name);
          for (const [index, [event, name]] of trace.entries()) {
            if (event !== 'start') continue;
            const { after } = pipeline.find((step) => step.name === name)!;
            for (const upstream of after) expect(settledAt(upstream)).toBeLessThan(index);
          }
        },
      ),
    );
  });

  const daily = (fails: StepName[], date = '2024-06-04') => {
    const { settled } = play({
      pipeline: dailyPipeline,
      date,
      fails: new Set(fails),
      order: () => 0,
    });
    return names.map((name) => settled.get(name)!.skipped ?? settled.get(name)!.status);
  };

  it.each<[string, StepName[], string, string]>([
    ['all is well on a Tuesday', [], '2024-06-04', 'ok ok ok ok ok ok'],
    ['all is well on a Thursday', [], '2024-06-06', 'ok ok ok not_due ok ok'],
    ['training fails', ['train_model'], '2024-06-04', 'ok ok ok failed ok ok'],
    ['drift fails', ['run_drift_detection'], '2024-06-06', 'ok ok ok not_due failed ok'],
    ['the load fails', ['generate_data'], '2024-06-04', 'failed ✗ ✗ ✗ ✗ ✗'],
    ['the sync fails on a Thursday', ['sync_online_features'], '2024-06-06', 'ok ok failed ✗ ✗ ✗'],
  ])('when %s', (_case, fails, date, expected) => {
    const short = { succeeded: 'ok', upstream_failed: '✗' } as Record<string, string>;
    expect(
      daily(fails, date)
        .map((status) => short[status] ?? status)
        .join(' '),
    ).toBe(expected);
  });
});

describe('the SLA', () => {
  it('counts from 01:00Z of the date, earliest deadline first', () => {
    expect(new Date(nominalMillis('2024-06-04')).toISOString()).toBe('2024-06-04T01:00:00.000Z');
    const deadlines = slaDeadlines(dailyPipeline, '2024-06-04');
    expect(deadlines).toHaveLength(12);
    expect(deadlines[0]).toEqual({
      step: 'generate_data',
      level: 'warn',
      minutes: 10,
      atMillis: Date.parse('2024-06-04T01:10:00Z'),
    });
    const times = deadlines.map(({ atMillis }) => atMillis);
    expect(times).toEqual([...times].sort((left, right) => left - right));
  });

  it('warns before it breaches, and gives no step less time than one it comes after', () => {
    for (const { slaMinutes, after } of dailyPipeline) {
      expect(slaMinutes.warn).toBeLessThan(slaMinutes.breach);
      for (const upstream of after) {
        const before = dailyPipeline.find(({ name }) => name === upstream)!.slaMinutes;
        expect(before.breach).toBeLessThanOrEqual(slaMinutes.breach);
      }
    }
  });

  it.each([
    ['a scheduled run in time', 'scheduled' as const, '2024-06-04T01:00:01Z', true],
    ['a scheduled run that starts late', 'scheduled' as const, '2024-06-04T23:00:00Z', true],
    ['a catch-up after a day', 'scheduled' as const, '2024-06-05T01:00:00Z', false],
    ['a run by hand', 'manual' as const, '2024-06-04T01:00:01Z', false],
  ])('of %s applies: %s', (_case, kind, startedAt, applies) => {
    const startedAtMillis = Date.parse(startedAt);
    expect(slaApplies({ kind, date: '2024-06-04', startedAtMillis })).toBe(applies);
  });
});

describe('retries', () => {
  const risks: RiskClass[] = ['load', 'compute', 'external-write', 'notify', 'read'];

  it.each(risks)('of risk %s end, and within the budget of a step', (risk) => {
    const policy = retryPolicyFor(risk);
    let waited = 0;
    let interval = policy.initialInterval;
    for (let attempt = 1; attempt < policy.maximumAttempts; attempt += 1) {
      waited += interval;
      interval = Math.min(interval * policy.backoffCoefficient, policy.maximumInterval);
    }
    expect(policy.maximumAttempts).toBeGreaterThan(1);
    expect(waited).toBeLessThan(STEP_BUDGET_MINUTES * 60_000);
  });

  it('sit out an hour without Postgres or Redis, but give up an alert within a minute', () => {
    const patience = (risk: RiskClass) => {
      const { maximumAttempts, maximumInterval } = retryPolicyFor(risk);
      return maximumAttempts * maximumInterval;
    };
    expect(patience('load')).toBeGreaterThan(60 * 60_000);
    expect(patience('external-write')).toBeGreaterThan(60 * 60_000);
    expect(patience('notify')).toBeLessThan(60_000);
  });
});

describe('the verdict', () => {
  const step = (changes: Partial<StepOutcome>): StepOutcome => ({
    step: 'validate_schema',
    status: 'succeeded',
    seconds: 1,
    result: null,
    ...changes,
  });

  it.each([
    ['nothing to complain about', [step({})], 'pass'],
    ['a step that is not due', [step({ status: 'skipped', skipped: 'not_due' })], 'pass'],
    ['a blocked step', [step({ status: 'skipped', skipped: 'upstream_failed' })], 'fail'],
    ['a failed step', [step({ status: 'failed', result: 'disk full' })], 'fail'],
    ['drift', [step({}), step({ result: { verdict: 'warn' } })], 'warn'],
    ['schemas that differ', [step({ result: { verdict: 'fail' } }), step({})], 'fail'],
    ['a result with another word', [step({ result: { verdict: 'splendid' } })], 'pass'],
  ])('of %s', (_case, outcomes, verdict) => {
    expect(verdictOf(outcomes)).toBe(verdict);
  });
});
