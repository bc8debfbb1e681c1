import { breaksOf } from './breaks-of.mjs';

const registryTests = ['test/packages/modeling/registry/change-registry.test.ts'];
const changes = breaksOf('packages/modeling/registry/change-registry.ts', registryTests);
const moves = breaksOf('packages/modeling/registry/model-registry.ts', registryTests);
const watches = breaksOf('api/champion-watcher.ts', ['test/api/champion-watcher.test.ts']);
const keeps = breaksOf('packages/application/models/model-event-log.ts', [
  'test/packages/application/models/model-event-log.process.test.ts',
]);
const tells = breaksOf('packages/application/backfills/temporal-runs.ts', [
  'test/packages/application/backfill-runs.integration.test.ts',
]);
const texts = breaksOf('api/http/validation.ts', ['test/api/text-fields.test.ts']);

/** Changes of state take effect once, are told as they are, and never go back. */
export const modelStateMutations = [
  moves(
    'a rollback that was done is not done again',
    'if (isRolledBackFrom(state, from)) return [];',
    '',
  ),
  moves(
    'a rollback names the champion that it replaces',
    'requireChampion(state.aliases, from);\n    const { previous }',
    'const { previous }',
  ),
  moves(
    'a decision whose events may be lost is not carried out again',
    'mayHaveLostEvents(state, created_at)\n',
    'false\n',
    ['test/packages/modeling/train-model-recovery.test.ts'],
  ),
  changes(
    'a gap of events is older than the versions after it',
    'number > before + 1 && at >= createdAt',
    'false',
    ['test/packages/modeling/train-model-recovery.test.ts'],
  ),
  changes(
    'published aliases that are ahead of Postgres stay in force',
    '!last || published.event > last.number',
    '!last',
  ),
  changes(
    'files of an earlier release say which aliases are in force',
    'inFiles.length > 0 && published.isFormer ? published.aliases : undefined',
    'undefined',
  ),
  watches(
    'a reader keeps the champion of the later event',
    'if (published.event < this.event) return;',
    '',
  ),
  keeps(
    'one change of models at a time',
    'await tx`select pg_advisory_xact_lock(${EVENTS_LOCK_KEY})`;',
    '',
  ),
  tells(
    'a backfill is told once',
    'before.status === wanted) return unchanged;',
    'false) return unchanged;',
  ),
  tells('an unknown status settles nothing', 'isAnswered(before) && ', ''),
  texts(
    'a reason holds no control characters',
    "return UNPRINTABLE.test(value) ? 'must not contain control characters' : undefined;",
    'return undefined;',
  ),
];
