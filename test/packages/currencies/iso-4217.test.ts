import { currencies, minorUnitDigits } from '../../../packages/currencies/iso-4217';

describe('the currencies', () => {
  it.each([
    ['USD', 2],
    ['EUR', 2],
    ['JPY', 0],
    ['KRW', 0],
    ['ISK', 0],
    ['KWD', 3],
    ['TND', 3],
    ['CLF', 4],
    ['MRU', 2],
    ['HUF', 2],
    ['BGN', 2],
  ])('%s has %d decimals', (code, digits) => {
    expect(minorUnitDigits(code)).toBe(digits);
  });

  it.each(['usd', 'XXX', 'XAU', 'XDR', 'ZZZ', '', 'US', 'USDT'])(
    '%j is none with amounts',
    (code) => {
      expect(minorUnitDigits(code)).toBeUndefined();
    },
  );

  it('are three letters each, and no code is there for two numbers of decimals', () => {
    expect([...currencies.keys()].filter((code) => !/^[A-Z]{3}$/.test(code))).toEqual([]);
    expect(currencies.size).toBe(179);
  });
});
