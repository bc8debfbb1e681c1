// Lanczos' approximation of ln Γ with g = 7 and nine terms; relative error below 1e-13 for x > 0.
const LANCZOS = [
  0.9999999999998099, 676.5203681218851, -1259.1392167224028, 771.3234287776531, -176.6150291621406,
  12.507343278686905, -0.13857109526572012, 9.984369578019572e-6, 1.5056327351493116e-7,
] as const;

const PRECISION = 1e-15;
const ITERATIONS_MAX = 10_000;

/** P(X ≤ x) for a χ² variable: the regularised lower incomplete gamma function P(k ÷ 2, x ÷ 2). */
export function chiSquareCdf(x: number, degreesOfFreedom: number): number {
  requireDegrees(degreesOfFreedom);
  if (x <= 0) return 0;
  const a = degreesOfFreedom / 2;
  const half = x / 2;
  // The series converges fast below the mean, the continued fraction above it.
  return half < a + 1 ? gammaSeries(a, half) : 1 - gammaFraction(a, half);
}

/**
 * The x with P(X ≤ x) = probability: Wilson and Hilferty's cube (1931) as a start, then Newton's
 * method, kept inside a bracket by bisection.
 *
 * @param probability  In (0, 1).
 * @throws RangeError outside of it, or unless there is at least one degree of freedom.
 */
export function chiSquareQuantile(probability: number, degreesOfFreedom: number): number {
  requireDegrees(degreesOfFreedom);
  if (!(probability > 0 && probability < 1)) {
    throw new RangeError(`probability must be in (0, 1), got ${probability}`);
  }
  let low = 0;
  let high = Math.max(1, 2 * degreesOfFreedom);
  while (chiSquareCdf(high, degreesOfFreedom) < probability) high *= 2;
  let x = startingPoint(probability, degreesOfFreedom);
  for (let iteration = 0; iteration < 200; iteration += 1) {
    if (!(x > low && x < high)) x = (low + high) / 2;
    const excess = chiSquareCdf(x, degreesOfFreedom) - probability;
    if (excess > 0) high = x;
    else low = x;
    const step = excess / chiSquareDensity(x, degreesOfFreedom);
    if (Math.abs(step) <= PRECISION * x) return x;
    x -= step;
  }
  return (low + high) / 2;
}

function startingPoint(probability: number, degreesOfFreedom: number): number {
  const spread = 2 / (9 * degreesOfFreedom);
  return degreesOfFreedom * (1 - spread + normalQuantile(probability) * Math.sqrt(spread)) ** 3;
}

/** Hastings' rational approximation (Abramowitz and Stegun 26.2.23); error below 4.5e-4. */
function normalQuantile(probability: number): number {
  const t = Math.sqrt(-2 * Math.log(Math.min(probability, 1 - probability)));
  const z =
    t -
    (2.515517 + t * (0.802853 + t * 0.010328)) /
      (1 + t * (1.432788 + t * (0.189269 + t * 0.001308)));
  return probability < 0.5 ? -z : z;
}

function chiSquareDensity(x: number, degreesOfFreedom: number): number {
  const a = degreesOfFreedom / 2;
  return Math.exp((a - 1) * Math.log(x) - x / 2 - a * Math.LN2 - logGamma(a));
}

function gammaSeries(a: number, x: number): number {
  let term = 1 / a;
  let sum = term;
  for (let n = 1; n < ITERATIONS_MAX && term > sum * PRECISION; n += 1) {
    term *= x / (a + n);
    sum += term;
  }
  return sum * Math.exp(a * Math.log(x) - x - logGamma(a));
}

/** The upper tail Q(a, x) by Lentz's method (Numerical Recipes, §6.2). */
function gammaFraction(a: number, x: number): number {
  const tiny = Number.MIN_VALUE / PRECISION;
  let b = x + 1 - a;
  let c = 1 / tiny;
  let d = 1 / b;
  let fraction = d;
  for (let n = 1; n < ITERATIONS_MAX; n += 1) {
    const numerator = -n * (n - a);
    b += 2;
    d = 1 / avoidZero(numerator * d + b, tiny);
    c = avoidZero(b + numerator / c, tiny);
    fraction *= c * d;
    if (Math.abs(c * d - 1) < PRECISION) break;
  }
  return fraction * Math.exp(a * Math.log(x) - x - logGamma(a));
}

function avoidZero(value: number, tiny: number): number {
  return Math.abs(value) < tiny ? tiny : value;
}

function logGamma(x: number): number {
  if (x < 0.5) return Math.log(Math.PI / Math.sin(Math.PI * x)) - logGamma(1 - x);
  const shifted = x - 1;
  const sum = LANCZOS.reduce(
    (total, term, n) => (n === 0 ? term : total + term / (shifted + n)),
    0,
  );
  const t = shifted + 7.5;
  return 0.5 * Math.log(2 * Math.PI) + (shifted + 0.5) * Math.log(t) - t + Math.log(sum);
}

function requireDegrees(degreesOfFreedom: number): void {
  if (!(degreesOfFreedom >= 1)) {
    throw new RangeError(`degrees of freedom must be at least 1, got ${degreesOfFreedom}`);
  }
}
