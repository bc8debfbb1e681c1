import { breaksOf } from './breaks-of.mjs';

const selecting = 'test/packages/offline-store/select-dates.test.ts';
const publishing = 'test/packages/offline-store/publish-partitions.integration.test.ts';
const mending = 'test/packages/offline-store/mend-revision.integration.test.ts';
const refusals = 'test/packages/application/refusals.integration.test.ts';
const earlier = 'test/packages/application/earlier-loads.integration.test.ts';
const servedFrom = 'test/packages/application/served-knowledge.test.ts';
const history = 'test/acceptance/history.integration.test.ts';
const rawLog = 'test/packages/raw-data/log/raw-log.integration.test.ts';
const online = 'test/packages/online-store/sync-online-features.integration.test.ts';
const overtaken = 'test/packages/online-store/forward-only-scripts.integration.test.ts';

const selects = breaksOf('packages/offline-store/select-dates.ts');
const computing = breaksOf('packages/offline-store/compute-partitions.ts');
const ledger = breaksOf('packages/offline-store/ledger.ts');
const audits = breaksOf('packages/offline-store/audit-partitions.ts');
const served = breaksOf('packages/application/partitions/partition-services.ts');
const spines = breaksOf('packages/application/history/write-history.ts');
const planned = breaksOf('packages/application/partitions/take-planned-knowledge.ts');
const rawAudit = breaksOf('packages/raw-data/log/audit-raw-log.ts');
const repairs = breaksOf('packages/offline-store/repair-partitions.ts', [
  'test/packages/offline-store/repair-partitions.integration.test.ts',
]);
const losses = breaksOf('packages/offline-store/find-lost-dates.ts', [
  'test/packages/application/lost-files.integration.test.ts',
]);
const rawRepair = breaksOf('packages/raw-data/log/repair-raw-log.ts');
const scripts = breaksOf('packages/online-store/forward-only-scripts.ts');
const onlineAudit = breaksOf('packages/online-store/audit-online.ts');

/** Breaks of what is chosen to be computed, what was known, what is online, and of the audits. */
export const knowledgeMutations = [
  // What a backfill computes
  selects('a date that another run holds', 'return row.isExpired;', 'return true;', [selecting]),
  selects('a failed date', "selection.reprocess !== 'missing'", 'true', [selecting]),
  selects('a succeeded date', "selection.reprocess === 'all' || !row", '!row', [selecting]),
  selects('a stale date', 'return isStale(row.manifest, featureSet) ||', 'return', [selecting]),
  selects('stale by its schema', 'schemaHash !== presentSchema ||', '', [selecting]),
  selects(
    'stale by a definition',
    'hashes.some(([name, hash]) => made[name] !== hash)',
    'hashes.length === 0',
    [selecting],
  ),
  selects('other knowledge', 'manifest.knowledge !== knownAt;', 'false;', [selecting]),
  selects('pinned elsewhere', '|| manifest.known_at !== knownAt;', ';', [selecting]),

  // What is news
  computing('knowledge of another kind', 'published.knowledge !== next.knowledge ||', '', [
    publishing,
  ]),
  computing(
    'pinned at another K',
    "(next.knowledge === 'pinned' && published.known_at !== next.known_at)",
    'false',
    [publishing],
  ),
  computing('other definitions', 'isStale(published, featureSet) ||', '', [publishing]),

  // What files and loads are
  scripts('a target that went back', "if fenced < 0 then return 'lost' end", '', [overtaken]),
  audits('revisions of loads that came since', ' && isLoaded;', ';', [publishing]),

  // What was known
  ledger('served once', 'and served_known_at is null', '', [publishing]),
  ledger(
    'a ledger that is put back, but for what is running',
    `clock_timestamp())
          and coalesce(`,
    `clock_timestamp() or true)
          and coalesce(`,
    [publishing],
  ),
  audits('rows that the ledger has', 'if (row?.manifest) continue;', '', [publishing]),
  served('as served, by default', 'midnightOf(date) + MICROS_PER_HOUR', 'midnightOf(date)', [
    servedFrom,
  ]),
  served('as served, the K of the run', 'if (row?.servedKnownAt &&', 'if (!row &&', [history]),
  spines('moments that were served', "if (knowledge.kind === 'as-served') {", 'if (!knowledge) {', [
    history,
  ]),
  planned('S that is asked for', 'known: { at, batch }', 'known: { at, batch: latest.batch }', [
    earlier,
  ]),
  planned('S that is not there', 'if (batch > latest.batch) {', 'if (batch < 0) {', [earlier]),

  // What is online
  scripts('fence', "if fenced > 0 then return 'ahead' end", '', [overtaken]),
  scripts('fence: nothing there', "if not target then return 'lost' end", '', [online]),
  scripts(
    'users left behind, but for later ones',
    'if stored and compare(stored) < 0 then\n    removed',
    'if stored then\n    removed',
    [online],
  ),
  scripts(
    'meta goes forward',
    "if stored and compare(stored) >= 0 then return 'unchanged' end",
    '',
    [online],
  ),

  // What audits find
  audits('both lost', 'row === undefined && !onDisk.has(date)', 'false', [
    'test/packages/offline-store/repair-partitions.integration.test.ts',
  ]),
  audits('a file that is not its manifest', "return 'mismatched';", 'return undefined;', [mending]),
  audits(
    'recomputed values',
    'contentHash(moment, at) === manifest.content_hash &&',
    'manifest.content_hash !== undefined ||',
    [publishing, mending],
  ),
  rawAudit('filed under another batch', 'l.filed_batch = p.batch AND ', '', [rawLog]),
  rawAudit('rows that differ', 'IS NOT DISTINCT FROM p', 'IS NOT DISTINCT FROM l', [rawLog]),
  repairs(
    'a ledger that lost a manifest',
    'if (!isDeepStrictEqual(',
    'if (false && !isDeepStrictEqual(',
  ),
  repairs('files that are not whole', 'if (!(await isWhole(context, manifest)))', 'if (false)'),
  losses(
    'files of another size',
    'sizes.some((size) => size !== bytes)',
    'sizes.includes(undefined)',
  ),
  rawRepair('segments that differ', 'await rm(file, { force: true });', 'void file;', [
    'test/packages/raw-data/log/repair-raw-log.integration.test.ts',
  ]),
  rawRepair('files of a log that another may hold', 'await requireHeld(tx);', '', [
    'test/packages/raw-data/log/repair-raw-log.integration.test.ts',
  ]),
  onlineAudit('vectors by their hash', 'onlineVectorHash(stored) === expected.hash &&', '', [
    online,
  ]),
  onlineAudit('K of a vector', 'stored.known_at === offline.known_at &&', '', [online]),
];
