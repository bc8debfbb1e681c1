import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import { SummedMetrics } from '../../../api/processes/summed-metrics';

interface Counts {
  readonly predictions?: number;
  readonly spooled?: number;
  readonly pending?: number;
  readonly spoolUp?: number;
  readonly age?: number;
  readonly lag?: number;
  readonly seconds?: readonly number[];
}

/** Metrics of a process, of the kinds that the API has. */
async function snapshotOf(counts: Counts) {
  const registers = [new Registry()];
  const predictions = new Counter({
    ...{ name: 'churn_predictions_total', help: 'x', labelNames: ['model_version'], registers },
  });
  predictions.inc({ model_version: 'v001' }, counts.predictions ?? 0);
  const spooled = { name: 'churn_prediction_log_spooled_total', help: 'x', registers };
  new Counter(spooled).inc(counts.spooled ?? 0);
  const gauges = [
    ['pending', 'sum', counts.pending],
    ['spool_up', 'min', counts.spoolUp],
    ['age', 'max', counts.age],
    ['nodejs_eventloop_lag_p99_seconds', 'average', counts.lag],
  ] as const;
  for (const [name, aggregator, value] of gauges) {
    new Gauge({ name, help: 'x', aggregator, registers }).set(value ?? 0);
  }
  const seconds = new Histogram({ name: 'seconds', help: 'x', buckets: [1, 2], registers });
  for (const value of counts.seconds ?? []) seconds.observe(value);
  return registers[0]!.getMetricsAsJSON();
}

/** The samples of a text of Prometheus, by what stands before their value. */
async function samplesOf(sums: SummedMetrics): Promise<Record<string, string>> {
  const lines = (await sums.text([])).split('\n').filter((line) => /^[a-z]/.test(line));
  return Object.fromEntries(lines.map((line) => line.split(' ') as [string, string]));
}

const predicted = 'churn_predictions_total{model_version="v001"}';
const spooled = 'churn_prediction_log_spooled_total';

describe('the metrics of several processes', () => {
  it('are added up, or the worst of them is shown', async () => {
    const sums = new SummedMetrics();
    sums.note(1, await snapshotOf({ predictions: 3, pending: 1, spoolUp: 1, age: 5, lag: 0.5 }));
    const other = { predictions: 4, pending: 2, spoolUp: 0, age: 7, lag: 0.1, seconds: [0.5, 1.5] };
    sums.note(2, await snapshotOf(other));
    expect(await samplesOf(sums)).toMatchObject({
      ...{ [predicted]: '7', pending: '3', spool_up: '0', age: '7' },
      nodejs_eventloop_lag_p99_seconds: '0.5',
      'seconds_bucket{le="1"}': '1',
      'seconds_bucket{le="2"}': '2',
      seconds_sum: '2',
      seconds_count: '2',
    });
  });

  it('count each process once, however often it was asked', async () => {
    const sums = new SummedMetrics();
    sums.note(1, await snapshotOf({ predictions: 3 }));
    sums.note(1, await snapshotOf({ predictions: 5 }));
    expect(await samplesOf(sums)).toMatchObject({ [predicted]: '5' });
  });

  it('do not show a number that one does not know', async () => {
    const sums = new SummedMetrics();
    sums.note(1, await snapshotOf({ age: 5 }));
    sums.note(2, await snapshotOf({ age: Number.NaN }));
    expect(await samplesOf(sums)).toMatchObject({ age: 'Nan' });
  });

  it('keep what processes that have ended counted, and not what they were', async () => {
    const sums = new SummedMetrics();
    for (const process of [1, 2]) {
      sums.note(process, await snapshotOf({ predictions: 3, pending: 2, seconds: [0.5] }));
    }
    await sums.retire(1);
    await sums.retire(2);
    sums.note(3, await snapshotOf({ predictions: 1 }));
    expect(await samplesOf(sums)).toMatchObject({
      ...{ [predicted]: '7', pending: '0', seconds_count: '2', 'seconds_bucket{le="1"}': '2' },
    });
  });

  it('hold counters of the spool until another process has taken them over', async () => {
    const sums = new SummedMetrics();
    sums.note(1, await snapshotOf({ spooled: 10 }));
    sums.note(2, await snapshotOf({ spooled: 5 }));
    expect(await samplesOf(sums)).toMatchObject({ [spooled]: '15' });
    await sums.retire(1);
    expect(await samplesOf(sums)).toMatchObject({ [spooled]: '15' });
    sums.note(2, await snapshotOf({ spooled: 15 }));
    expect(await samplesOf(sums)).toMatchObject({ [spooled]: '15' });
    sums.note(3, await snapshotOf({ spooled: 2 }));
    expect(await samplesOf(sums)).toMatchObject({ [spooled]: '17' });
  });
});
