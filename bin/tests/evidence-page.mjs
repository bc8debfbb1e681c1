/**
 * The page that `make test-deep` writes of what its shards showed. A test adds a line by appending
 * `{"claim": …, "cases": …, "seconds": …}` to the file CHURN_EVIDENCE_FILE; lines of one claim, from
 * the portions of a law, are added up.
 */
export function evidencePage(shards, commit) {
  const suites = shards.flatMap((shard) => shard.suites);
  const node = [...new Set(shards.map((shard) => shard.node))].join(', ');
  return [
    '# Evidence of the last full test run',
    '',
    'Written by `make test-deep`; `docs/testing.md` says what each kind of test is for.',
    '',
    `${testsOf(suites).size} tests passed at commit ${commit}, with Node ${node}, in shards:`,
    '',
    ...table(
      ['Shard', 'Tests', 'Seconds'],
      shards.map(({ shard, passed, seconds }) => [shard, passed, seconds]),
    ),
    '',
    ...table(['Folder', 'Tests', 'Seconds'], folders(suites)),
    '',
    ...claims(shards.flatMap((shard) => shard.evidence)),
  ].join('\n');
}

/** A test that ran in several portions is one. */
function testsOf(suites) {
  return new Set(suites.flatMap(({ file, tests }) => tests.map((test) => `${file}\0${test}`)));
}

function folders(suites) {
  const byFolder = new Map();
  for (const suite of suites) {
    const folder = suite.file.replace(/\/[^/]*$/, '');
    byFolder.set(folder, [...(byFolder.get(folder) ?? []), suite]);
  }
  return [...byFolder]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([folder, those]) => {
      const seconds = those.reduce((sum, suite) => sum + suite.seconds, 0);
      return [`\`${folder}\``, testsOf(those).size, seconds.toFixed(1)];
    });
}

function claims(evidence) {
  const byClaim = new Map();
  for (const { claim, cases, seconds } of evidence) {
    const before = byClaim.get(claim);
    const isSum = before && Number.isFinite(before.cases) && Number.isFinite(cases);
    const sum = isSum
      ? { cases: before.cases + cases, seconds: (before.seconds ?? 0) + (seconds ?? 0) }
      : { cases, seconds };
    byClaim.set(claim, sum);
  }
  if (byClaim.size === 0) return [];
  const rows = [...byClaim].map(([claim, { cases, seconds }]) => [
    claim,
    cases ?? '',
    seconds?.toFixed(1) ?? '',
  ]);
  return ['## What was tried', '', ...table(['Claim', 'Cases', 'Seconds'], rows), ''];
}

function table(header, rows) {
  const line = (cells) => `| ${cells.join(' | ')} |`;
  return [line(header), line(header.map(() => '---')), ...rows.map(line)];
}
