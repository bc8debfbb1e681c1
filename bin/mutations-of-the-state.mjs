import { breaksOf } from './breaks-of.mjs';

const golden = 'test/packages/features/golden-boundaries.test.ts';
const oracle = 'test/packages/features/engine-agrees-with-oracle.test.ts';
const added = 'test/acceptance/added-state.integration.test.ts';
const restating = 'test/packages/offline-store/restatement/find-restatements.test.ts';

const aggregator = breaksOf('packages/features/grid/sliding-windows.ts', [golden, oracle]);
const accumulators = breaksOf('packages/features/grid/accumulators.ts', [golden, oracle]);
const tiles = breaksOf('packages/features/grid/compile-tiles.ts', [golden, oracle]);
const collected = breaksOf('packages/features/grid/tile-collector.ts', [golden, oracle]);
const moment = breaksOf('packages/features/compile-moment.ts', [golden, oracle]);
const defined = breaksOf('packages/features/definitions/subscription.ts', [golden]);
const touched = breaksOf('packages/offline-store/restatement/state-touches.ts', [restating]);
const late = breaksOf('packages/offline-store/restatement/find-restatements.ts', [restating]);
const selected = breaksOf('packages/offline-store/select-dates.ts', [added]);
const audited = breaksOf('packages/offline-store/audit-partitions.ts', [added]);
const ledger = breaksOf('packages/offline-store/ledger.ts', [added]);
const computed = breaksOf('packages/offline-store/compute-partitions.ts', [added]);
const planned = breaksOf('packages/application/partitions/partition-services.ts', [added]);

/** Breaks of who is subscribed: the definition, its engines, late data, and how it is added. */
export const stateMutations = [
  // The definition
  defined('final invoices of 4 days', 'afterDays: 3', 'afterDays: 4'),
  defined('no change of plan is a return', "    { source: 'plan_changes' },\n", ''),
  defined(
    'no start is a return',
    "    { source: 'billing_events', eventType: 'subscription_started' },\n",
    '',
  ),

  // The engine
  aggregator(
    'a return in the microsecond of the end',
    '> ending + afterMicros',
    '>= ending + afterMicros',
  ),
  aggregator('an invoice of 3 days', '> ending + afterMicros', '> ending'),
  aggregator('who never cancelled has left', 'if (ending === -Infinity) continue;', ''),
  aggregator('the state of the users of another moment', 'into.fill(1);', ''),
  collected(
    'of days that are in order, the first time',
    "combine === 'latest' ? this.first : 0",
    'this.first',
  ),
  accumulators(
    'the last time of a day, whichever row has it',
    "type: 'UTINYINT', combine: 'last-time' }",
    "type: 'UTINYINT', combine: 'latest' }",
  ),
  tiles(
    'cancellations of before the windows are forgotten',
    '    state.endedBy,\n    ...state.resumedBy,\n',
    '',
  ),
  moment('in the query, a return at the same microsecond', '> ended + ${', '>= ended + ${'),
  moment('in the query, the first end', 'ORDER BY event_time DESC LIMIT 1\n)`', 'LIMIT 1\n)`'),
  moment('in the query, without an end', 'NOT EXISTS (FROM last_ending) OR', ''),

  // Late data
  touched('a final invoice settles', 'THEN 0 ELSE ${after} END', 'THEN 0 ELSE 0 END'),
  touched(
    'a charge settles no charge before it',
    'THEN 0 ELSE ${after} END',
    'THEN ${after} ELSE ${after} END',
  ),
  touched('a row settles another at its time', 'ELSE ${after} END < ', 'ELSE ${after} END <= '),
  late(
    'the rest was checked, so the state was',
    '(t.batch > p.state_batch OR t.k > p.state_known_at)',
    '(t.batch > p.batch OR t.k > p.known_at)',
  ),
  late('a state that is not there was checked', 'hasState(manifest, featureSet)', 'true'),

  // How it is added
  selected(
    'what lacks the state is not stale',
    'return !hasState(manifest, featureSet) ||',
    'return',
  ),
  selected(
    'what lacks the state lacks no more',
    'return !hasState(manifest, featureSet) && !hasOtherVectors(manifest, featureSet);',
    'return false;',
  ),
  {
    name: 'a scan for each knowledge of labels',
    file: 'packages/offline-store/vectors/group-into-grids.ts',
    find: '(haveLabels || isSameLabel)',
    replace: 'isSameLabel',
    tests: [added],
  },
  computed(
    'labels of another knowledge',
    'if (request.addsState) await keepPublishedLabels(context, options);',
    '',
  ),
  {
    name: 'labels of a damaged file',
    file: 'packages/offline-store/vectors/keep-labels.ts',
    find: 'sha256 !== manifest.sha256 ||',
    replace: '',
    tests: [added],
  },
  audited('the columns of before', 'isOld ? withoutState(', 'false ? withoutState('),
  audited(
    'revisions of before are not compared',
    '(isBeforeState(manifest, context) && lacksOnlyState(manifest, featureSet))',
    'false',
  ),
  computed(
    'adding the state looks for late data',
    "if (addsState) return { ...known, scope: 'state' };",
    '',
  ),
  ledger(
    'what was looked for is forgotten',
    "scope === 'state' ? [null, null]",
    'false ? [null, null]',
  ),
  planned('all means anew', "reprocess !== 'all' &&", ''),
  planned('other knowledge means anew', '!hasOtherKnowledge(manifest, knownAt)', 'true'),
  planned('what lacks the state is not restated', '|| lacksOnlyState(manifest, featureSet);', ';'),
];
