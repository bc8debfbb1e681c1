import { alea } from 'seedrandom';
import { referenceDistribution } from '../../../../packages/modeling/evaluation/reference-distribution';
import { driftThresholds } from '../../../../packages/drift/drift-report';
import { distributionMetrics } from '../../../../packages/drift/metrics/distribution-metrics';

const head = { date: '2024-01-05', model_version: 'v001', reference_rows: null, rows: 0 };
const TESTS = 7;

type Draw = (random: () => number) => number;
const normal: Draw = (random) =>
  Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
/** Counts with many zeros and a tail, as failed payments or sessions are. */
const zeroInflated: Draw = (random) =>
  random() < 0.6 ? 0 : 1 + Math.floor(-6 * Math.log(1 - random()));

function sample(draw: Draw, rows: number, random: () => number): Float64Array {
  return Float64Array.from({ length: rows }, () => draw(random));
}

function metricsOf(reference: Float64Array, values: Float64Array) {
  const metrics = distributionMetrics({
    head,
    subject: 'x',
    reference: referenceDistribution('x', reference),
    values,
    tests: TESTS,
  });
  return Object.fromEntries(metrics.map((row) => [row.metric, row]));
}

describe('drift of a column', () => {
  it.each([
    ['normal', 100, normal],
    ['normal', 200, normal],
    ['zero-inflated', 100, zeroInflated],
    ['zero-inflated', 200, zeroInflated],
    ['zero-inflated', 1_000, zeroInflated],
  ])('raises hardly any false alarm: %s, %p users a day', (_name, rows, draw) => {
    const random = alea(`false alarms ${rows}`);
    const days = 300;
    let alarms = 0;
    let wide = 0;
    for (let day = 0; day < days; day += 1) {
      const { psi } = metricsOf(sample(draw, 2_000, random), sample(draw, rows, random));
      if (psi!.status === 'alert') alarms += 1;
      if (psi!.value! > driftThresholds.psi) wide += 1;
    }
    // The level is 0.01 ÷ 7 a test; 1.5 % is what thin bins may make of it (3 of 300 + noise).
    expect(alarms).toBeLessThanOrEqual(5);
    // PSI > 0.1 alone is a false-alarm machine at 100 users a day.
    if (rows === 100) expect(wide / days).toBeGreaterThan(0.3);
  });

  it.each([
    [0.1, 0.0096],
    [0.3, 0.0861],
    [0.5, 0.2377],
    [1, 0.9261],
  ])('has the PSI of normals in deciles for a shift of %p: about %p', (shift, expected) => {
    const random = alea('normals');
    const reference = sample(normal, 50_000, random);
    const moved = sample(normal, 50_000, random).map((value) => value + shift);
    const found = metricsOf(reference, moved).psi!.value!;
    expect(Math.abs(found - expected)).toBeLessThan(0.05 * expected + 0.001);
  });

  it('alerts in PSI and mean when values move by half a deviation', () => {
    const random = alea('moved');
    const reference = sample(normal, 5_000, random);
    const {
      psi,
      z_of_mean: z,
      standardised_shift: shift,
    } = metricsOf(
      reference,
      sample(normal, 500, random).map((value) => value + 0.5),
    );
    expect([psi!.status, z!.status, shift!.status]).toEqual(['alert', 'alert', 'alert']);
    expect(shift!.value).toBeCloseTo(0.5, 0);
  });

  it('does not alert on a shift that is certain but trivial', () => {
    const random = alea('trivial');
    const reference = sample(normal, 100_000, random);
    const { psi, z_of_mean: z } = metricsOf(
      reference,
      sample(normal, 100_000, random).map((value) => value + 0.05),
    );
    expect(Math.abs(z!.value!)).toBeGreaterThan(driftThresholds.zOfMean);
    expect([psi!.status, z!.status]).toEqual(['ok', 'ok']);
  });

  it('notices zeros and nulls that were not there', () => {
    const random = alea('zeros');
    const reference = sample(normal, 5_000, random);
    const today = sample(normal, 500, random);
    const withZeros = today.map((value, row) => (row % 4 === 0 ? 0 : value));
    const withNulls = today.map((value, row) => (row % 4 === 0 ? NaN : value));
    expect(metricsOf(reference, withZeros).psi!.status).toBe('alert');
    expect(metricsOf(reference, withNulls).psi!.status).toBe('alert');
  });

  it('never alerts on too few rows, however far they are', () => {
    const random = alea('few');
    const { psi, z_of_mean: z } = metricsOf(
      sample(normal, 5_000, random),
      new Float64Array(driftThresholds.rowsMin - 1).fill(1e6),
    );
    expect([psi!.status, psi!.value, z]).toEqual(['insufficient_sample', null, undefined]);
  });

  it('leaves a constant reference out', () => {
    const { psi } = metricsOf(new Float64Array(500).fill(3), new Float64Array(500).fill(4));
    expect([psi!.status, psi!.value]).toEqual(['constant', null]);
  });
});
