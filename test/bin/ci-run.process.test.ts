import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { spawnSync } from 'node:child_process';
import { createScratchDirectory } from '../environment/scratch-directory';
import { read } from '../repository-files';

/** A `make -k` that says for each target what it is told to, and ends as it is told to. */
const make = `#!/usr/bin/env bash
status=0
for target in "\${@#-k}"; do
  said="SAID_$target" ends="ENDS_$target"
  printf '%s' "\${!said:-}"
  [ "\${!ends:-0}" = 0 ] || status="\${!ends}"
done
exit "$status"
`;

describe('.ci/run', () => {
  const scratch = createScratchDirectory();
  afterAll(scratch.remove);

  for (const [file, text] of [
    ['.ci/run', read('.ci/run')],
    ['bin/make', make],
  ] as const) {
    mkdirSync(path.join(scratch.path, path.dirname(file)), { recursive: true });
    writeFileSync(path.join(scratch.path, file), text);
    chmodSync(path.join(scratch.path, file), 0o755);
  }

  const passing = {
    SAID_check: 'types: ok\n5 checks passed, 0 failed\n',
    SAID_test: 'PASS\n2146 passed, 0 failed\n',
  };

  function run(told: Readonly<Record<string, string>>) {
    const search = `${scratch.path}/bin${path.delimiter}${process.env.PATH}`;
    const { stdout, status } = spawnSync(path.join(scratch.path, '.ci/run'), {
      env: { ...process.env, ...passing, ...told, PATH: search },
      encoding: 'utf8',
    });
    return { lines: stdout.trimEnd().split('\n'), status };
  }

  it.each([
    ['everything passes', {}, '2146 passed, 0 failed', 0],
    [
      'two checks fail',
      { SAID_check: 'lint: FAILED\n3 checks passed, 2 failed\n', ENDS_check: '2' },
      '2146 passed, 2 failed',
      1,
    ],
    [
      'tests fail',
      { SAID_test: 'FAIL\n2143 passed, 3 failed\n', ENDS_test: '2' },
      '2143 passed, 3 failed',
      1,
    ],
    [
      'tests and a check fail',
      {
        SAID_test: '2145 passed, 1 failed\n',
        ENDS_test: '2',
        SAID_check: '4 checks passed, 1 failed\n',
        ENDS_check: '2',
      },
      '2145 passed, 2 failed',
      1,
    ],
    ['set-up fails', { ENDS_setup: '2' }, '0 passed, 1 failed', 1],
    ['no test can run', { SAID_test: '', ENDS_test: '2' }, '0 passed, 1 failed', 1],
    ['no check can run', { SAID_check: '', ENDS_check: '2' }, '2146 passed, 1 failed', 1],
    ['coverage is too low', { ENDS_test: '2' }, '2146 passed, 1 failed', 1],
    ['the audit warns', { SAID_audit: 'audit: warning: left-pad\n' }, '2146 passed, 0 failed', 0],
  ])('says when %s how many passed and failed', (_, told, last, status) => {
    const outcome = run(told);
    expect({ last: outcome.lines.at(-1), status: outcome.status }).toEqual({ last, status });
  });

  it('shows what the checks, the audit and the tests said', () => {
    const { lines } = run({ SAID_audit: 'audit: warning: left-pad\n' });
    expect(lines).toEqual([
      'PASS',
      '2146 passed, 0 failed',
      'types: ok',
      '5 checks passed, 0 failed',
      'audit: warning: left-pad',
      '2146 passed, 0 failed',
    ]);
  });
});
