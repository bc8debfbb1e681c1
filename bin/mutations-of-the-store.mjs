import { breaksOf } from './breaks-of.mjs';

const together = 'test/packages/offline-store/vectors/write-vectors.test.ts';
const restatement = 'test/laws/restatement.integration.test.ts';
const golden = 'test/packages/offline-store/restatement/find-restatements.test.ts';
const publishing = 'test/packages/offline-store/publish-partitions.integration.test.ts';
const killed = 'test/packages/offline-store/killed-publish.process.test.ts';
const paused = 'test/packages/offline-store/paused-publish.process.test.ts';
const mending = 'test/packages/offline-store/mend-revision.integration.test.ts';

const overlapping = 'test/packages/offline-store/overlapping-runs.integration.test.ts';

const moving = 'test/packages/local-services/data-layout/open-for-writing.process.test.ts';
const [moves, earlierReleases] = ['move-feature-revisions', 'earlier-release'].map((name) =>
  breaksOf(`packages/local-services/data-layout/${name}.ts`, [moving]),
);
const servers = breaksOf('packages/local-services/installation/require-own-servers.ts', [
  'test/packages/local-services/installation/require-own-servers.process.test.ts',
]);
const places = breaksOf('packages/offline-store/partition-paths.ts', [
  'test/packages/application/earlier-layout.integration.test.ts',
]);

const late = breaksOf('packages/offline-store/restatement/find-restatements.ts', [golden]);

const [grids, computing, claims, ledger, revisions] = [
  'vectors/group-into-grids',
  'compute-partitions',
  'claim-dates',
  'ledger',
  'publish-revision',
].map((name) => breaksOf(`packages/offline-store/${name}.ts`));

/** Breaks of how partitions are published and restated. */
export const storeMutations = [
  // Runs that overlap, or are interrupted
  ledger(
    'claims that were given back count as done',
    'case when ${outcome.checked !== undefined} then claimed_by end',
    'claimed_by',
    [overlapping],
  ),
  ledger('noted of another revision', 'and run.fencing_token = seen.token', '', [overlapping]),
  claims('earlier knowledge over later', 'published.known_at > known.at', 'false', [overlapping]),
  claims('a restatement of another revision', 'published.revision !== basedOn', 'false', [
    overlapping,
  ]),
  claims(
    'what a killed restatement published',
    'if (!claim.isRecorded && claim.published) await ledger.restore(claim.published);',
    '',
    [overlapping],
  ),
  ledger('an earlier revision put back', 'coalesce(run.revision, 0) < excluded.revision', 'true', [
    overlapping,
  ]),
  claims('what a later claim writes', '<= fencingToken', '> 0', [overlapping]),
  claims(
    'an overtaken date stays claimed',
    "await ledger.release(claim, { status: 'succeeded' });",
    '',
    [overlapping],
  ),
  computing(
    'claims that expire while others are waited for',
    'keepRenewing(context.ledger, claims)',
    'keepRenewing(context.ledger, new Map())',
    [overlapping],
  ),
  computing(
    'claims held after waiting in vain',
    '{ error, isFailure: false }',
    '{ error, isFailure: true }',
    [overlapping],
  ),
  computing('interrupted is not failed', 'if (signal?.aborted) throw thrown;', '', [overlapping]),
  // What late data restates
  late(
    'the end of a window',
    'd + ${feature.windowDays} FROM',
    'd + ${feature.windowDays} - 1 FROM',
  ),
  late(
    'the first label before a row',
    'd - ${label.horizonDays}, d FROM',
    'd - ${label.horizonDays} + 1, d FROM',
  ),
  late(
    'the last label before a row',
    'd - ${label.horizonDays}, d FROM',
    'd - ${label.horizonDays}, d - 1 FROM',
  ),
  {
    name: 'the midnight at or after a row',
    file: 'packages/offline-store/restatement/first-midnight.ts',
    find: '((${micros} + 1000001 * ${DAY} - 1) // ${DAY} - 1000000)',
    replace: '((${micros} + ${DAY}) // ${DAY})',
    tests: [golden],
  },
  late('rows of two tables are two', "'features'), source, row,", "'features'), row,"),
  late(
    'a row of several windows is one',
    "'features'), source, row, batch",
    "'features'), source, row, until_day, batch",
  ),
  late('until the next login', 'PARTITION BY user_id ORDER BY', 'PARTITION BY batch ORDER BY'),
  late('new by its batch', '(t.batch > p.batch OR t.k > p.known_at)', '(t.k > p.known_at)'),
  late('new by its arrival', 't.batch > p.batch OR t.k > p.known_at', 't.batch > p.batch'),
  late(
    'new to the label by its arrival',
    't.batch > p.label_batch OR t.k > p.label_known_at',
    't.batch > p.label_batch',
  ),
  late(
    'rows yet to arrive',
    '\n      AND ingested_at <= make_timestamptz(${parseInstant(present.at)}))`',
    ')`',
  ),
  late('segments of arrivals that some partition does not know', 'lastArrival > at', 'false', [
    restatement,
  ]),
  late('checked before', 'Math.max(own.batch, checked.batch ?? 0)', 'own.batch'),
  late(
    'late features of pinned partitions',
    "manifest.knowledge === 'latest' ? touchOf('features')",
    "manifest.knowledge !== 'pinned' ? touchOf('features')",
  ),
  late(
    'K and S kept with a new label',
    'late ? { at: present.at, batch: present.batch } : knowledgeIn(manifest)',
    '{ at: present.at, batch: present.batch }',
  ),
  late('an expired claim', "status !== 'running' || isExpired ||", "status !== 'running' ||"),
  late('a claim of an earlier attempt', ' || claimedBy === options.owner', ''),
  late(
    'a living claim',
    "(status !== 'running' || isExpired || claimedBy === options.owner)",
    'true',
  ),
  late('labels mature by L', 'return end <= parseInstant(at) && end', 'return end'),
  late('labels mature by complete_through', ' && end <= parseInstant(completeThrough);', ';'),
  late('matured labels', 'if (isDue && !manifest.label_mature && manifest.rows > 0)', 'if (false)'),
  late(
    'late labels',
    "isDue && manifest.label_mature ? touchOf('label')",
    "false ? touchOf('label')",
  ),
  revisions(
    'whether a label is known',
    'isKnownBy(label.at) && isKnownBy(label.completeThrough)',
    'isKnownBy(label.at)',
    [restatement],
  ),

  // What is computed together
  grids('label knowledge of a grid: S', 'next.label.batch === batch &&', '', [together]),
  grids(
    'label knowledge of a grid: complete_through',
    'next.label.completeThrough === completeThrough',
    'true',
    [together],
  ),
  grids('rising S in a grid', 'next.known.batch >= last.known.batch &&', '', [together]),
  grids('L of a grid', 'next.label.at === at &&', '', [together]),
  grids('rising K in a grid', 'next.known.at >= last.known.at &&', '', [together]),
  grids(
    'each day has its own knowledge',
    'byIndex.get(index)?.known ?? known',
    'byIndex.get(index - 1)?.known ?? known',
    [together],
  ),

  // What is published
  computing('equal bytes make no revision', 'published?.sha256 !== next.sha256 ||', 'true ||', [
    publishing,
  ]),
  computing(
    'other bytes make a revision',
    'published?.sha256 !== next.sha256 ||',
    'published === null ||',
    [publishing],
  ),
  computing(
    'through which batch a partition was checked',
    'batch: Math.max(known.batch, label.batch),',
    'batch: 0,',
    [publishing, restatement],
  ),
  ledger('fencing token', 'row?.token === claim.fencingToken && row.status', 'row?.status', [
    publishing,
  ]),
  ledger(
    'an expired claim is handed over',
    `where run.status <> 'running' or run.claim_expires_at < clock_timestamp()
        or run.claimed_by`,
    `where run.status <> 'running'
        or run.claimed_by`,
    [publishing],
  ),
  ledger(
    'a living claim is kept',
    `where run.status <> 'running' or run.claim_expires_at < clock_timestamp()
        or run.claimed_by`,
    `where true
        or run.claimed_by`,
    [publishing],
  ),
  claims(
    'adoption of unrecorded revisions',
    'if (newestOnDisk <= (claim.published?.revision ?? 0)) return claim;',
    'return claim;',
    [publishing],
  ),
  claims(
    'what this owner has done before',
    "row.status === 'succeeded' && row.claimedBy === owner",
    'false',
    [publishing],
  ),
  revisions('recording of an adopted revision', 'isWhole && claim.isRecorded &&', 'isWhole &&', [
    publishing,
  ]),
  claims(
    'temporary files of an earlier claim',
    'await Promise.all(leftovers.map((file) => rm(file, { force: true })));',
    '',
    [paused],
  ),
  // Where revisions lie
  places(
    'the former folder',
    'if (existsSync(store.formerFeatureRevisions)) roots',
    'if (false) roots',
  ),
  places('each file in its place', '!existsSync(present!) && existsSync(former)', 'false'),
  moves('temporary files among the days', 'await removeTemporaryDays(paths.features);', ''),
  moves('a revision that differs', 'if (left !== right) throw', 'if (false) throw'),
  moves('a folder that is there already', "['ENOTEMPTY', 'EEXIST', 'ENOTDIR']", '[]'),
  moves('what was moved goes', '  await rm(source);', ''),
  earlierReleases('processes without a number', '?.[1] ?? 1)', '?.[1] ?? DATA_LAYOUT)'),
  earlierReleases('a worker started by hand', 'isWorker(former.pid) ?', 'false ?'),
  earlierReleases('a pid that is another program', 'isWorker(former.pid) ?', 'true ?'),
  // Whose servers they are
  servers('an empty database', 'if (found === undefined) return requireEmptyDirectory(paths);', ''),
  servers(
    "another installation's database",
    'expected === undefined || expected === found',
    'true',
  ),
  servers("another installation's Redis", 'found === null || found === id', 'true'),
  servers('a Redis that is marked', 'await claimInstallation(redis, id);', ';'),
  revisions('a revision that nobody saw', 'await removeAll(unseen);', '', [killed]),
  revisions(
    "the day's file is replaced last",
    `    await rename(temporary.revisionFile, paths.revisionFile(revision));
    await rename(temporary.manifestFile, paths.manifestFile(revision));`,
    `    await rename(temporary.dayFile, paths.dayFile);
    await linkInPlaceOf(temporary.dayFile, temporary.revisionFile);
    await rename(temporary.revisionFile, paths.revisionFile(revision));
    await rename(temporary.manifestFile, paths.manifestFile(revision));`,
    [killed],
  ),
  revisions(
    'mending of damaged files',
    'return found.every((hash) => hash === sha256);',
    'return true;',
    [mending],
  ),
  revisions(
    'publish order',
    `    await putInPlace(context, staged, staged.manifest);
    await context.ledger.recordPublication(tx, staged.manifest, checked);`,
    `    await context.ledger.recordPublication(tx, staged.manifest, checked);
    await putInPlace(context, staged, staged.manifest);`,
    [publishing],
  ),
];
