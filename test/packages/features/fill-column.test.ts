import { defineFeatureGroup } from '../../../packages/features/language/define-feature-group';
import { fillColumn } from '../../../packages/features/fill-column';

const prose = { type: 'float64', unit: 'units', description: 'How much.', windowDays: 1 } as const;
const aggregate = { kind: 'sum', column: 'amount_cents' } as const;

const [plain, divided, defaulted] = defineFeatureGroup({
  source: 'billing_events',
  features: {
    cents_1d: { ...prose, aggregate },
    amount_1d: { ...prose, aggregate, dividedBy: 100 },
    amount_or_minus_one_1d: { ...prose, aggregate, default: -1 },
  },
});

describe('a total', () => {
  const fill = (feature: typeof plain, total: number) => {
    const into = new Float64Array(1);
    const state = Float64Array.of(total);
    const counts = feature === defaulted ? Float64Array.of(1) : state;
    const visible = Int32Array.of(0);
    const users = { signup: new Float64Array(1) };
    fillColumn({ feature: feature!, state, counts, visible, users, moment: 0, into });
    return into[0];
  };

  it.each([
    ['as it is', plain, Number.MAX_SAFE_INTEGER],
    ['divided', divided, Number.MAX_SAFE_INTEGER / 100],
    ['with a default', defaulted, Number.MAX_SAFE_INTEGER],
  ])('%s is exact up to 2^53, and refused above', (_what, feature, value) => {
    expect(fill(feature, Number.MAX_SAFE_INTEGER)).toBe(value);
    expect(() => fill(feature, 2 ** 53)).toThrow(`${feature!.name} is above 2^53`);
  });
});
