import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { wordsOf } from '../../../packages/cli/usage-error';
import { createScratchDirectory } from '../../environment/scratch-directory';
import { leafCommands } from '../../generated-documentation';
import { run } from './command-line';
import { catalogueMessage } from '../../support/catalogue-message';

const RANGE = ['--from', '2024-01-01', '--to', '2024-01-31'];
const REVERSED = ['--from', '2024-02-01', '--to', '2024-01-01'];
const FEATURES = ['features', '--user', 'u1', '--at', '2024-01-01'];
const DATE = /2024-02-30 does not exist: February 2024 has 29 days/;
const MISSPELT = /A date is written YYYY-MM-DD, such as 2026-01-31/;
const KNOWN_AT = /Give latest, as-served or a moment\. A moment is written as ISO 8601/;

/** Wrong usages of each command that takes anything, without a service, with what is said of them. */
const wrong: [argv: string[], message: RegExp][] = [
  [['demo', '--users', '19'], /whole number from 20 to 1000000/],
  [['demo', '--months', '3'], /whole number from 4 to 60/],
  [['demo', '--seed', '-1'], /whole number/],
  [['demo', '--end', '2024-02-30'], DATE],
  [['demo', '--end', '2026-03-02'], /2026-03-02 is not over yet.* 2026-03-01/],
  [['demo', '--end', '2030-01-01'], /2030-01-01 is not over yet/],
  [
    ['generate', ...REVERSED],
    catalogueMessage('INVALID_DATE_RANGE', {
      from: '2024-02-01',
      to: '2024-01-01',
      problem: /.*ends before it begins/,
    }),
  ],
  [['generate', '--from', '2024-01-01'], /--to <date>' not specified/],
  [['generate', ...RANGE, '--users', 'many'], /whole number/],
  [['generate', ...RANGE, '--seed', '1.5'], /whole number/],
  [['import'], /argument 'dir'/],
  [['import', 'no-such-folder'], /no-such-folder.*There is no such folder/],
  [['import', 'FILE'], /It is not a folder/],
  [['import', ''], /A path must not be empty/],
  [['import', 'EMPTY', '--complete-through', '2024-01-01T25:00'], /hours go from 00 to 23/],
  [['import', 'EMPTY', '--arrival', 'later'], /assumed, now/],
  [['export', 'FULL'], /The folder is not empty/],
  [['export', 'FILE'], /It is not a folder/],
  [['export', 'EMPTY', '--format', 'xml'], /parquet, csv/],
  [['rejected', '--batch', '0'], /whole number/],
  [['rejected', '--limit', '0'], /whole number/],
  [['rejected', '--reason', 'bad'], /--reason is none of invalid_id, /],
  [['rejected', '--table', 'events'], /--table is none of users, /],
  [['rejected', '--csv'], /--csv needs --table/],
  [['features', '--user', '', '--at', '2024-01-01'], /A user id must not be empty/],
  [['features', '--user', 'u1', '--at', 'noon'], /ISO 8601/],
  [['features', '--user', 'u1', '--at', '2024-02-30'], DATE],
  [[...FEATURES, '--known-at', 'yesterday'], KNOWN_AT],
  [[...FEATURES, '--batch', '0'], /whole number/],
  [[...FEATURES, '--known-at', 'as-served', '--batch', '1'], /--batch can not be given with/],
  [
    ['history', 'FILE', '--out', 'OUT', '--known-at', 'as-served', '--batch', '1'],
    /--batch can not/,
  ],
  [['history', 'no-such-file.csv', '--out', 'OUT'], /There is no such file/],
  [['history', 'EMPTY', '--out', 'OUT'], /It is a folder, not a file/],
  [['history', 'FILE', '--out', 'EMPTY'], /It is a folder, not a file/],
  [['history', 'FILE', '--out', 'FILE'], /--out would overwrite the spine file/],
  [['history', 'FILE'], /--out <file>' not specified/],
  [['history', 'FILE', '--out', 'OUT', '--known-at', 'served'], KNOWN_AT],
  [['history', 'FILE', '--out', 'OUT', '--batch', 'x'], /whole number/],
  [['run-day', '2024-02-30'], DATE],
  [['run-day', '30.02.2024'], MISSPELT],
  [['run-day'], /argument 'date'/],
  [['backfill', ...REVERSED], /ends before it begins/],
  [['backfill', '--from', '2024-02-30', '--to', '2024-03-01'], DATE],
  [
    ['backfill', '--from', '2000-01-01', '--to', '2024-03-01'],
    /8827 days; at most 3660 are allowed/,
  ],
  [['backfill', ...RANGE, '--reprocess', 'completed'], /missing, missing-and-failed, all/],
  [['backfill', ...RANGE, '--known-at', '2024-02-30'], DATE],
  [['backfills', 'pause'], /argument 'id'/],
  [['backfills', 'resume', 'b1', 'b2'], /too many arguments/i],
  [['backfills', 'cancel', '--id', 'b1'], /unknown option '--id'/i],
  [['restate', '--dry'], /'--dry' \(Did you mean --dry-run\?\)/],
  [['partitions', ...REVERSED], /ends before it begins/],
  [['train', '--as-of', '2024-02-30'], DATE],
  [['models', 'show', 'v1'], /Versions are written v001/],
  [['models', 'show'], /argument 'version'/],
  [['models', 'promote', '1'], /Versions are written v001/],
  [['models', 'rollback', '--because', 'x'], /unknown option '--because'/i],
  [['predict', ''], /A user id must not be empty/],
  [['at-risk', '--limit', '-1'], /whole number/],
  [['drift', '--date', '2024-2-3'], MISSPELT],
  [['audit', 'everything'], /raw, offline, online, models/],
  [['repair', 'everything'], /raw, offline, online/],
  [['replay', 'p1'], /a UUID/],
];

const leaves = leafCommands().map((command) => ({ command, words: wordsOf(command).split(' ') }));

/** Of every command, whether it takes anything or not. */
const wrongAnywhere: [argv: string[], message: RegExp][] = leaves.flatMap(({ words }) => [
  [[...words.slice(1), '--no-such-option'], /Unknown option '--no-such-option'|not specified/],
]);

const wrongWords: [argv: string[], message: RegExp][] = [
  [['prophesy'], /Unknown command 'prophesy'/],
  [['model', 'list'], /Did you mean models\?/],
  [['part'], /Did you mean partitions\?/],
  [['schedule', 'sho'], /Did you mean show\?/],
  [[], catalogueMessage('WRONG_USAGE', { problem: 'A command is missing', command: 'churn' })],
  [
    ['models'],
    catalogueMessage('WRONG_USAGE', { problem: 'A command is missing', command: 'churn models' }),
  ],
  [['up', 'now'], /too many arguments/i],
];

describe('wrong usage', () => {
  const scratch = createScratchDirectory();
  const places: Record<string, string> = {
    FILE: path.join(scratch.path, 'file.csv'),
    EMPTY: path.join(scratch.path, 'empty'),
    FULL: scratch.path,
    OUT: path.join(scratch.path, 'out.parquet'),
  };
  const placed = (argv: readonly string[]) => argv.map((word) => places[word] ?? word);

  beforeAll(() => {
    writeFileSync(places.FILE!, 'user_id,time\n');
    mkdirSync(places.EMPTY!);
  });
  afterAll(() => scratch.remove());

  it.each([...wrong, ...wrongAnywhere, ...wrongWords])(
    '%j exits 2 before any service is asked, and says what is wrong',
    async (argv, message) => {
      const { code, out, err } = await run(...placed(argv));
      expect(err).toMatch(message);
      expect({ code, out }).toEqual({ code: 2, out: expect.not.stringContaining('{') });
      expect(err).toMatch(/^error [A-Z_]+: .*\n$/m);
    },
  );

  it.each([...wrong, ...wrongAnywhere])('%j --json is one document', async (argv, message) => {
    const { code, out, err } = await run(...placed(argv), '--json');
    expect(code).toBe(2);
    const document = JSON.parse(out) as { detail: string; code: string };
    expect(document).toMatchObject({
      code: expect.stringMatching(/^(WRONG_USAGE|INVALID_DATE_RANGE)$/),
      status: 400,
      retryable: false,
      detail: expect.stringMatching(message),
    });
    expect(err).toBe(`error ${document.code}: ${document.detail}\n`);
  });

  it('is tried of every command that takes anything', () => {
    const tried = new Set(wrong.map(([argv]) => argv.slice(0, 2).join(' ')));
    const isTried = (words: readonly string[]) =>
      [...tried].some((one) => `${one} `.startsWith(`${words.slice(1).join(' ')} `));
    const taking = leaves.filter(
      ({ command }) => command.options.length > 1 || command.registeredArguments.length > 0,
    );
    expect(taking.length).toBeGreaterThan(15);
    expect(taking.filter(({ words }) => !isTried(words)).map(({ words }) => words)).toEqual([]);
  });

  it('is not what comes after it: right arguments go on to the services', async () => {
    const right = [
      ['backfill', ...RANGE, '--known-at', 'as-served', '--reprocess', 'all'],
      ['features', '--user', 'u1', '--at', '2024-01-01 12:00'],
      ['history', 'FILE', '--out', 'OUT'],
      ['import', 'EMPTY'],
      ['export', 'EMPTY'],
      ['models', 'show', 'v001'],
      ['replay', '5f0c8f0e-6a52-4f0e-9a44-0d2b8f3a9f10'],
    ];
    for (const argv of right) {
      const { err, code } = await run(...placed(argv));
      expect(err).toMatch(/STACK_NOT_RUNNING/);
      expect(code).toBe(1);
    }
  });
});
