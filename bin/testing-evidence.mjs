// The page that `make test-deep` writes from what jest and the tests themselves report. A test adds
// a line by appending `{"claim": …, "cases": …, "seconds": …}` to the file CHURN_EVIDENCE_FILE.
import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { root } from './source-files.mjs';

export function evidencePage({ results, evidence, coverage }) {
  const seconds = Math.round((Date.now() - results.startTime) / 1_000);
  return [
    '# Evidence of the last full test run',
    '',
    'Written by `make test-deep`; `docs/testing.md` says what each kind of test is for.',
    '',
    `${results.numPassedTests} tests passed in ${seconds} s at commit ${commit()}, ` +
      `with Node ${process.versions.node}.` +
      (coverage ? ` Lines covered: ${coverage.lines.pct} %.` : ''),
    '',
    ...table(['Folder', 'Tests', 'Seconds'], folders(results.testResults)),
    '',
    ...claims(evidence),
  ].join('\n');
}

function folders(suites) {
  const byFolder = new Map();
  for (const suite of suites) {
    const folder = path.dirname(path.relative(root, suite.name));
    const [tests = 0, seconds = 0] = byFolder.get(folder) ?? [];
    const duration = (suite.endTime - suite.startTime) / 1_000;
    byFolder.set(folder, [tests + suite.assertionResults.length, seconds + duration]);
  }
  return [...byFolder]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([folder, [tests, seconds]]) => [`\`${folder}\``, tests, seconds.toFixed(1)]);
}

function claims(evidence) {
  const rows = (evidence ?? '')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line))
    .map(({ claim, cases, seconds }) => [claim, cases ?? '', seconds?.toFixed(1) ?? '']);
  if (rows.length === 0) return [];
  return ['## What was tried', '', ...table(['Claim', 'Cases', 'Seconds'], rows), ''];
}

function table(header, rows) {
  const line = (cells) => `| ${cells.join(' | ')} |`;
  return [line(header), line(header.map(() => '---')), ...rows.map(line)];
}

function commit() {
  try {
    return execFileSync('git', ['rev-parse', '--short', 'HEAD'], {
      cwd: root,
      encoding: 'utf8',
    }).trim();
  } catch {
    return 'unknown';
  }
}
