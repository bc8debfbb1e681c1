import {
  MAY_HOLD_INEXACT_NUMBER,
  quoteInexactNumbers,
} from '../../../../packages/raw-data/sources/text/exact-numbers';

const pattern = new RegExp(MAY_HOLD_INEXACT_NUMBER);

async function quoted(text: string, chunkBytes = text.length): Promise<string> {
  async function* chunks(): AsyncGenerator<Buffer> {
    const bytes = Buffer.from(text);
    for (let start = 0; start < bytes.length; start += chunkBytes) {
      yield await Promise.resolve(bytes.subarray(start, start + chunkBytes));
    }
  }
  const written: Buffer[] = [];
  for await (const chunk of quoteInexactNumbers(chunks())) written.push(chunk);
  return Buffer.concat(written).toString();
}

describe('a number in JSON', () => {
  it.each([
    '29.330000000000000001',
    '-29.330000000000000001',
    '1234567890123456789.5',
    '123456789.12345678',
    '0.1234567890123456',
    '12345678901234567e2',
    '2.9330000000000000001E1',
    '1e-400',
    '1E+400',
  ])('that a float changes is written as a string: %s', async (number) => {
    expect(pattern.test(number)).toBe(true);
    for (const text of [`{"a":${number}}`, `[${number} , -1]`, number]) {
      expect(await quoted(text)).toBe(text.replace(number, `"${number}"`));
    }
  });

  it.each([
    ['exact decimals', '{"a":29.33,"b":-0.5,"c":12345678901234.5,"d":1e3,"e":2.5E-10}'],
    ['integers of any length', '[12345678901234567890123,-1,0]'],
    ['other words', '{"e":true,"E":false,"-":null,"a":[]}'],
    [
      'strings',
      String.raw`{"29.330000000000000001":"\"29.330000000000000001","b":"\\","ü":"1e-400"}`,
    ],
  ])('stays as it is where it is exact: %s', async (_what, text) => {
    expect(await quoted(text)).toBe(text);
  });

  it('may lie in two chunks, as may an escape and a character', async () => {
    const text = String.raw`{"ü\"":29.330000000000000001,"\\":"1.00000000000000001"}`;
    const expected = text.replace('29.330000000000000001', '"29.330000000000000001"');
    for (let bytes = 1; bytes < 12; bytes += 1) expect(await quoted(text, bytes)).toBe(expected);
  });
});
