import { evaluateInModule } from '../repository-files';

const suite = (file: string, tests: readonly string[]) => ({ file, seconds: 1.5, tests });

describe('the page of evidence', () => {
  const shard = { node: '24.1.0', seconds: 60, passed: 2 };
  const page = evaluateInModule<string>(
    'bin/tests/evidence-page.mjs',
    "module.evidencePage(input, 'abc1234')",
    [
      {
        ...shard,
        shard: 'laws-1',
        suites: [suite('test/laws/a.test.ts', ['holds', 'has bounds'])],
        evidence: [{ claim: 'A law', cases: 500, seconds: 10 }],
      },
      {
        ...shard,
        shard: 'laws-2',
        suites: [suite('test/laws/a.test.ts', ['holds', 'has bounds'])],
        evidence: [{ claim: 'A law', cases: 501, seconds: 11.5 }],
      },
      {
        ...shard,
        shard: 'rest',
        suites: [suite('test/api/b.test.ts', ['answers'])],
        evidence: [{ claim: 'AUC, base rate', cases: '0.8, 0.6' }],
      },
    ],
  ).split('\n');

  it('counts a test once that ran in several portions', () => {
    expect(page).toContain('3 tests passed at commit abc1234, with Node 24.1.0, in shards:');
    expect(page).toContain('| `test/laws` | 2 | 3.0 |');
    expect(page).toContain('| `test/api` | 1 | 1.5 |');
  });

  it('adds up the cases of the portions', () => {
    expect(page).toContain('| A law | 1001 | 21.5 |');
    expect(page).toContain('| AUC, base rate | 0.8, 0.6 |  |');
  });
});
