import { findRecordLines } from '../../../../packages/raw-data/rejected/find-record-lines';

async function* inChunks(text: string, size: number): AsyncGenerator<Buffer> {
  const bytes = Buffer.from(text);
  for (let start = 0; start < bytes.length; start += size) {
    yield bytes.subarray(start, start + size);
  }
}

const all = Array.from({ length: 9 }, (_, index) => index + 1);

async function find(chunks: AsyncIterable<Buffer>, wanted: number[], format: 'csv' | 'json') {
  const lines: number[] = [];
  const records = await findRecordLines(chunks, wanted, format, (some) => void lines.push(...some));
  return { records, lines };
}

/** However the text is cut into chunks. */
async function linesOf(text: string, format: 'csv' | 'json' = 'csv') {
  const [whole, ...cut] = await Promise.all(
    [1 << 20, 1, 3].map((size) => find(inChunks(text, size), all, format)),
  );
  const { records, lines } = whole!;
  for (const other of cut) expect(other).toMatchObject({ records, lines });
  expect(lines).toHaveLength(records);
  return lines;
}

it.each([
  ['one line each', 'a,b\n1,2\n3,4\n', [1, 2, 3]],
  ['no line end at the end', 'a,b\n1,2', [1, 2]],
  ['line ends of Windows', 'a,b\r\n1,2\r\n3,4\r\n', [1, 2, 3]],
  ['line ends of old Macs', 'a,b\r1,2\r3,4\r', [1, 2, 3]],
  ['blank lines', '\na,b\n\n\n1,2\n\n', [2, 5]],
  ['blank lines of Windows', 'a,b\r\n\r\n1,2\r\n', [1, 3]],
  ['a line end in quotes', 'a,b\n"1\n1",2\n3,4\n', [1, 2, 4]],
  ['a line end of Windows in quotes', 'a,b\r\n1,"2\r\n\r\n2"\r\n3,4\r\n', [1, 2, 5]],
  ['two quotes in quotes', 'a,b\n"1""\n",2\n3,4\n', [1, 2, 4]],
  ['quotes that close and open', 'a,b\n"""\n""",2\n3,4\n', [1, 2, 4]],
  ['an empty value in quotes', 'a,b\n"",2\n3,4\n', [1, 2, 3]],
  ['a quote inside a value, which opens nothing', 'a,b\n1"x,2\n3,4\n', [1, 2, 3]],
  ['other delimiters', 'a;b\n1;"2\n"\n3;4\n', [1, 2, 4]],
  ['nothing', '', []],
])('finds the lines of records with %s', async (_what, text, lines) => {
  expect(await linesOf(text)).toEqual(lines);
});

it('takes quotes in JSON lines for what they are', async () => {
  expect(await linesOf('{"a":"\\""}\n\n{"a":"x"}\n', 'json')).toEqual([1, 3]);
});

it('looks for the wanted records only', async () => {
  const found = await find(inChunks('a\n\nb\nc\n', 2), [2, 3, 7], 'csv');
  expect(found).toMatchObject({ records: 3, lines: [3, 4] });
});
