import { breaksOf } from './breaks-of.mjs';

const served = 'test/packages/features/golden-as-served.test.ts';
const golden = 'test/packages/features/golden-boundaries.test.ts';
const oracle = 'test/packages/features/engine-agrees-with-oracle.test.ts';

const neededSegments = 'test/packages/features/grid/needed-segments.test.ts';

const needed = breaksOf('packages/features/grid/needed-segments.ts', [neededSegments, golden]);
const tiles = breaksOf('packages/features/grid/compile-tiles.ts', [oracle, golden]);

const aggregator = breaksOf('packages/features/grid/sliding-windows.ts', [oracle, golden]);

const moment = breaksOf('packages/features/compile-moment.ts', [golden, oracle]);

const spine = (name, find, replace, file = 'compile-spine') => ({
  name,
  file: `packages/features/history/${file}.ts`,
  find,
  replace,
  tests: [
    'test/packages/features/history-boundaries.test.ts',
    'test/packages/features/history/user-series.test.ts',
    'test/packages/features/history/walk-series.test.ts',
    'test/laws/history.test.ts',
  ],
});

const values = breaksOf('packages/features/fill-column.ts', [
  'test/packages/features/fill-column.test.ts',
  oracle,
  golden,
]);

const accumulators = breaksOf('packages/features/grid/accumulators.ts', [oracle, golden]);

const WINDOW = 'windowDays: feature.windowDays';

/** Breaks of what vectors are computed by. */
export const engineMutations = [
  // Windows
  accumulators('a week of 8 days', WINDOW, `${WINDOW} === 7 ? 8 : feature.windowDays`),
  accumulators('31 days', WINDOW, `${WINDOW} === 30 ? 31 : feature.windowDays`),
  accumulators('89 days', WINDOW, `${WINDOW} === 90 ? 89 : feature.windowDays`),
  {
    name: 'T excluded: the midnight of a row',
    file: 'packages/features/grid/grid.ts',
    find: 'Math.ceil(sinceFirst / DAY)',
    replace: 'Math.floor(sinceFirst / DAY) + 1',
    tests: [oracle, golden],
  },
  tiles(
    'T excluded: the midnight of a signup, and of a row that came late',
    'BigInt(floorDays) * MICROS_PER_DAY + MICROS_PER_DAY - 1n',
    'BigInt(floorDays) * MICROS_PER_DAY + MICROS_PER_DAY',
  ),
  tiles(
    'the first day of the longest window',
    '`event_time > ${instant(grid, -plan.windowDays)}`, ...types',
    '`event_time > ${instant(grid, 1 - plan.windowDays)}`, ...types',
  ),
  tiles('what lasts is forgotten', "types].join(' OR ')", "types].join(' AND ')"),
  aggregator('tiles that nobody has seen yet', 'if (seenAt[tile] !== now) continue;', ''),
  {
    name: 'tiles that are late and early',
    file: 'packages/features/grid/tile-block.ts',
    find: 'at <= Math.max(day[tile]!, 0)',
    replace: 'at < Math.max(day[tile]!, 0)',
    tests: [oracle, golden],
  },
  values('sums that are not exact', 'greatest > Number.MAX_SAFE_INTEGER', 'greatest > 2 ** 54'),
  aggregator('T − W included', 'day + windowDays <= now', 'day + windowDays < now'),
  aggregator(
    'expiry a day early',
    'this.expire(block, now - days, days)',
    'this.expire(block, now - days + 1, days)',
  ),
  aggregator(
    'expiry a day late',
    'this.expire(block, now - days, days)',
    'this.expire(block, now - days - 1, days)',
  ),
  aggregator(
    'expiry of what arrives as its window passes',
    'if (seenAt[tile]! >= now) continue;',
    'if (seenAt[tile]! > now) continue;',
    [served, oracle],
  ),
  aggregator('expiry of what never was known', 'if (seenAt[tile]! >= now) continue;', '', [
    golden,
    oracle,
  ]),

  // Knowledge: what may be read at all, one K for all moments, one for each
  tiles('K excluded', '`ingested_at <= make_timestamptz', '`ingested_at < make_timestamptz'),
  tiles('S excluded', '`batch <= ${latest.batch}`', '`batch < ${latest.batch}`'),
  tiles(
    'only what the features know is read',
    '[...knowledge, label].reduce',
    '[...knowledge].reduce',
  ),
  tiles('the latest K and L', 'at > latest.at ? at : latest.at', 'latest.at'),
  tiles('the latest S', 'Math.max(batch, latest.batch)', 'latest.batch'),
  tiles('K of all moments ignored', 'isKnown(only)', 'ALWAYS'),
  tiles(
    'K that not all rows were known by',
    '({ at, batch }) => at === latest.at && batch',
    '({ batch }) => batch',
    [served, oracle],
  ),
  tiles(
    'S that not all rows were known by',
    '({ at, batch }) => at === latest.at && batch === latest.batch',
    '({ at }) => at === latest.at',
    [served, oracle],
  ),
  tiles('K and L excluded', '`(k <= ${at}', '`(k < ${at}'),
  tiles('S + 1 included', 'AND batch <= ${batch})`', 'AND batch <= ${batch} + 1)`'),
  tiles('K or L before the latest', 'at >= latest.at && ', ''),
  tiles('S before the latest', ' && batch >= latest.batch', ''),
  tiles('K of each moment excluded', 'lambda x: x < k))', 'lambda x: x <= k))', [served, oracle]),
  tiles('S of each moment excluded', 'lambda x: x < batch))', 'lambda x: x <= batch))', [
    served,
    oracle,
  ]),
  tiles(
    'S of each moment, where K is soon',
    'WHEN k <= ${ats}[${soonest}] AND batch <= ${batches}[${soonest}] THEN',
    'WHEN k <= ${ats}[${soonest}] THEN',
    [oracle],
  ),
  tiles(
    'S of each moment, where K is late',
    'ELSE greatest(d, 0, ${later}, ${laterBatch})::INTEGER',
    'ELSE greatest(d, 0, ${later})::INTEGER',
    [oracle],
  ),
  tiles('the moment that sees old rows', 'least(greatest(d, 0), ${count})', 'least(d, ${count})'),
  aggregator('late arrivals', 'of block.lateAt(now)) {', 'of []) {', [served, oracle]),
  aggregator('the first moment of a user', 'if (since[user]! <= now)', 'if (since[user]! < now)'),

  // The label
  tiles("the label's knowledge ignored", 'isKnown(grid.label, latestKnowledge(grid))', 'ALWAYS'),
  tiles(
    "the label counts what it doesn't know",
    "labelFlag === 'any' ? forLabel :",
    "labelFlag === 'any' ? ALWAYS :",
  ),
  needed(
    'the end of the horizon is not read',
    'return grid.count - 1 +',
    'return grid.count - 2 +',
  ),
  needed('segments of the windows', 'known.lastTime > floor', 'known.lastTime > last'),
  needed('latest rows that the first moment does not know', 'lastArrival <= first.at && ', ''),
  needed('latest rows of a later batch', ' && lastBatch <= first.batch', ''),
  needed('segments after the last moment', 'known.firstTime > last', 'known.firstTime > floor'),
  needed(
    'features that count what there ever was',
    "aggregate.kind === 'days-since-last'",
    'aggregate.kind.length > 0',
  ),
  aggregator(
    'the first day of the horizon',
    'for (let day = 1; day <= horizon;',
    'for (let day = 2; day <= horizon;',
  ),
  aggregator(
    'the last day of the horizon',
    'for (let day = 1; day <= horizon;',
    'for (let day = 1; day < horizon;',
  ),
  aggregator(
    'the past stays in the horizon',
    'this.addToLabel(block, now, -1);',
    'this.addToLabel(block, now - 1, -1);',
  ),
  aggregator(
    'the horizon lags',
    'this.addToLabel(block, now + horizon, 1);',
    'this.addToLabel(block, now + horizon - 1, 1);',
  ),
  aggregator('the label when L = T + 30 d', 'end > at ||', 'end >= at ||'),
  aggregator('the label before L', 'end > at ||', ''),
  aggregator('complete_through', ' || end > completeThrough', ''),
  aggregator('cancellations', ' || cancellations[user]! > 0 ?', ' ?'),
  accumulators('any bill cancels', 'flag(isCancellation)', "flag('true')"),

  // Values
  accumulators(
    'the type of a charge',
    'CASE WHEN ${isCounted} THEN coalesce(',
    'CASE WHEN true THEN coalesce(',
  ),
  tiles(
    'the order of changes at one instant',
    'ORDER BY event_time, change_id)',
    'ORDER BY event_time, change_id DESC)',
  ),
  values('whole days, rounded', 'Math.floor(passed / DAY)', 'Math.round(passed / DAY)'),
  values(
    'days since signup',
    '(last === -Infinity ? signup[user]! : last)',
    '(last === -Infinity ? moment : last)',
  ),
  aggregator(
    'the last to arrive is the latest',
    'else if (value > state[at]!) state[at] = value;',
    'else state[at] = value;',
    [served, oracle],
  ),
  values('a default for no rows', 'counts[user] === 0 ? none :', 'false ? none :', [oracle]),
  tiles(
    'shards of users overlap',
    'user_id < ${quoteLiteral(range.until)}',
    'user_id <= ${quoteLiteral(range.until)}',
    [oracle],
  ),
  {
    name: 'unknown labels in files',
    file: 'packages/offline-store/vectors/vector-writer.ts',
    find: 'nullif(${label.name}, ${LABEL_UNKNOWN})',
    replace: '${label.name}',
    tests: [oracle],
  },
  {
    name: 'arrays given back too soon',
    file: 'packages/offline-store/vectors/write-vectors.ts',
    find: '        const moment = vectors.vectorsAt(indexIn(group, request));\n',
    replace:
      '        const moment = vectors.vectorsAt(indexIn(group, request));\n        moment.release();\n',
    tests: [oracle],
  },

  // The query for one user and moment
  moment(
    'T − W of one moment',
    'event_time > ${instant(at - days(windowDays))}',
    'event_time >= ${instant(at - days(windowDays))}',
  ),
  moment(
    'K of one moment',
    '`ingested_at <= ${instant(at)} AND',
    '`ingested_at < ${instant(at)} AND',
  ),
  moment('S of one moment excluded', 'AND batch <= ${batch}`', 'AND batch < ${batch}`'),
  moment('the latest plan at one moment', 'change_id DESC', 'change_id'),
  moment(
    'the horizon of one moment',
    'event_time <= ${instant(horizonEnd)}',
    'event_time < ${instant(horizonEnd)}',
  ),
  moment('complete_through of one moment', ' || horizonEnd > completeThrough', ''),

  // History
  spine(
    'K of a spine',
    'ingested_at <= make_timestamptz(${knowledge.at})`',
    'ingested_at < make_timestamptz(${knowledge.at})`',
  ),
  spine(
    'arrival after each T of a spine',
    '`greatest(${e}, epoch_us(ingested_at) - ${knowledge.afterMicros})`',
    'e',
  ),
  spine(
    'sessions of a spine in one piece',
    'lastSeen![index]! <= first![index]!',
    'lastSeen![index]! <= last![index]!',
    'spine-tile-reader',
  ),
  spine('sessions of a spine in pieces', '> min(e) +', '> max(e) +'),
  spine(
    'pieces of a session in a spine',
    'SELECT u, greatest(a, coalesce(covered, a))::DOUBLE AS a',
    'SELECT u, a::DOUBLE AS a',
  ),
  spine(
    'rows of a spine seen too late',
    "? 'true' : `a < e + ${micros(windowDays)}`",
    "? 'true' : `true`",
  ),
  spine('users of a spine yet to sign up', 'WHEN signup > t THEN', 'WHEN signup >= t THEN'),
  spine(
    'users of a spine yet to be known',
    'WHEN k > ${knownAt} THEN',
    'WHEN k >= ${knownAt} THEN',
  ),
  spine(
    'window bounds of a spine',
    'left.times[leaving]! <= limit',
    'left.times[leaving]! < limit',
    'walk-series',
  ),
  spine(
    'what enters at a spine’s moment',
    'if (time > at) break;',
    'if (time >= at) break;',
    'walk-series',
  ),
  spine(
    'window bounds of what a spine counts',
    'leftTimes[leaving]! <= at - micros',
    'leftTimes[leaving]! < at - micros',
    'walk-series',
  ),
  spine(
    'what a spine counts at its moment',
    'enteredTimes[next]! <= at',
    'enteredTimes[next]! < at',
    'walk-series',
  ),
  spine('sums above 2^53 on the way', 'Math.min(time, at) - micros', 'at - micros', 'walk-series'),
  spine(
    'the last row at a spine’s moment',
    'next < end && times[next]! <= at',
    'next < end && times[next]! < at',
    'walk-series',
  ),
  spine(
    'order of a user’s rows',
    'time[index]! < time[index - 1]!',
    'time[index]! < time[index - 1]! - 1',
    'user-series',
  ),
  spine(
    'values beside the times of a user’s rows',
    'sorted[middle]! < least',
    'sorted[middle]! <= least',
    'user-series',
  ),
];
