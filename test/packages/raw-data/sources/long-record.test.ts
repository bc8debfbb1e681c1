import { endsWithEmptyField } from '../../../../packages/raw-data/sources/text/long-record';

async function* inChunks(text: string, size: number): AsyncGenerator<Buffer> {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

describe('a text', () => {
  it.each([
    ['a,b\n1,2\n3,\n4,5\n', true],
    ['a,b\r\n1,2\r\n3,\r\n', true],
    ['a,b\n1,""\n4,5\n', true],
    ['a,b\n1,2\n3,', true],
    ['a,b\n1,2\n3,""', true],
    ['a,b\n1,2\n,3\n""\n', false],
    ['a,b\n1,"2"\n3,4', false],
    ['', false],
  ])('ends a line with an empty field, wherever it is cut: %j', async (text, expected) => {
    for (const size of [1, 2, 3, 4, 5, 7, 64]) {
      expect([size, await endsWithEmptyField(inChunks(text, size), ',')]).toEqual([size, expected]);
    }
  });
});
