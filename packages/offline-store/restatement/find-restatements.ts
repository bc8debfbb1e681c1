import {
  knowledgeIn,
  labelKnowledgeIn,
  type Knowledge,
  type LabelKnowledge,
  type PartitionManifest,
} from '../../contracts';
import type { DuckDb } from '../../duckdb';
import {
  isOfType,
  readSegments,
  type FeatureSet,
  type Segment,
  type Segments,
  type SourceTable,
} from '../../features';
import {
  MICROS_PER_DAY,
  dayNumber,
  midnightOf,
  parseInstant,
  type EpochMicros,
} from '../../instants';
import type { PartitionRequest } from '../partition-request';
import { FOREVER, firstMidnight } from './first-midnight';
import type { LedgerRow } from '../ledger';
import { hasState } from '../select-dates';
import { isNewToState, stateTouches } from './state-touches';

export interface Restatements {
  readonly requests: readonly PartitionRequest[];
  /** The rows of published dates that nothing new touches. */
  readonly untouched: readonly LedgerRow[];
}

interface FindOptions {
  readonly duckDb: DuckDb;
  readonly rows: readonly LedgerRow[];
  /** Who will claim them: dates that others are computing are left to them. */
  readonly owner: string;
  /** What is known now. */
  readonly present: LabelKnowledge;
  readonly featureSet: FeatureSet;
  readonly segments: Segments;
}

interface Touch {
  readonly date: string;
  readonly part: 'features' | 'label';
  readonly rows: number;
  readonly first: number;
  readonly last: number;
}

/**
 * The published partitions that present knowledge changes: those that late rows touch, and those
 * whose label became knowable. Late features restate only `latest` partitions, labels all of them;
 * whatever changes only the label keeps the features and their (K, S).
 */
export async function findRestatements(options: FindOptions): Promise<Restatements> {
  const published = options.rows.filter(
    // A killed run leaves its claims behind: what it did not get to is still to be done.
    ({ manifest, status, isExpired, claimedBy }) =>
      manifest && (status !== 'running' || isExpired || claimedBy === options.owner),
  );
  const touches = await findTouches(options, published);
  const requests = published.flatMap((row) => restatementOf(row, touches, options) ?? []);
  const dates = new Set(requests.map((request) => request.date));
  return {
    requests,
    untouched: published.filter(({ date }) => !dates.has(date)),
  };
}

function restatementOf(
  row: LedgerRow,
  touches: readonly Touch[],
  { present, featureSet }: FindOptions,
): PartitionRequest | undefined {
  const { date, manifest } = row;
  if (!manifest) return undefined;
  const touchOf = (part: Touch['part']) =>
    touches.find((touch) => touch.date === date && touch.part === part);
  const isDue = isLabelKnowable(date, featureSet, present);
  const late = manifest.knowledge === 'latest' ? touchOf('features') : undefined;
  const lateLabel = isDue && manifest.label_mature ? touchOf('label') : undefined;
  const reasons = [late ?? lateLabel].flatMap((touch) => (touch ? [lateReason(touch)] : []));
  // Without users there are no labels: equal bytes would be found due again and again.
  if (isDue && !manifest.label_mature && manifest.rows > 0) reasons.push('labels matured');
  if (reasons.length === 0) return undefined;
  return {
    date,
    kind: manifest.knowledge,
    // What changes only the label keeps the features and their (K, S).
    known: late ? { at: present.at, batch: present.batch } : knowledgeIn(manifest),
    label: present,
    reason: reasons.join('; '),
    basedOn: manifest.revision,
  };
}

function lateReason({ rows, first, last }: Touch): string {
  return `late data: ${rows} ${rows === 1 ? 'row' : 'rows'} in batches ${first}–${last}`;
}

function isLabelKnowable(
  date: string,
  featureSet: FeatureSet,
  { at, completeThrough }: LabelKnowledge,
): boolean {
  if (completeThrough === null) return false;
  const end = midnightOf(date) + BigInt(featureSet.label.horizonDays) * MICROS_PER_DAY;
  return end <= parseInstant(at) && end <= parseInstant(completeThrough);
}

/** Which published dates the rows of later batches, or of later arrival, lie in the windows of. */
async function findTouches(
  options: FindOptions,
  published: readonly LedgerRow[],
): Promise<Touch[]> {
  const { duckDb, present, segments } = options;
  if (published.length === 0 || segments('users', present.batch).length === 0) return [];
  await duckDb.run(partitionsTable(published, options.featureSet));
  const known = await knownOfPartitions(duckDb);
  await duckDb.run(newRowsTables(options, known));
  await duckDb.run(touchedTable(options, { known, since: await earliestNewRow(duckDb) }));
  const touches = await duckDb.rows<Record<keyof Touch, string | bigint | number>>(`
    SELECT p.date, t.part, count(*) AS rows, min(t.batch) AS first, max(t.batch) AS last
    FROM touched t JOIN partitions p
      ON p.day >= t.from_day AND p.day < greatest(t.until_day, t.state_until_day)
      AND CASE t.part WHEN 'features'
        THEN (p.day < t.until_day AND (t.batch > p.batch OR t.k > p.known_at)) OR
          (p.day < t.state_until_day AND (t.batch > p.state_batch OR t.k > p.state_known_at))
        ELSE t.batch > p.label_batch OR t.k > p.label_known_at END
    GROUP BY p.date, t.part`);
  return touches.map((touch) => ({
    date: String(touch.date),
    part: touch.part === 'label' ? 'label' : 'features',
    rows: Number(touch.rows),
    first: Number(touch.first),
    last: Number(touch.last),
  }));
}

function partitionsTable(published: readonly LedgerRow[], featureSet: FeatureSet): string {
  const values = published.map((row) => {
    const { date, checkedThroughBatch, checkedKnownAt } = row;
    const manifest = row.manifest as PartitionManifest;
    const known = knowledgeIn(manifest);
    const checked = { batch: checkedThroughBatch, at: checkedKnownAt };
    // Nobody has looked for what touches a state that is not there.
    const ofState = hasState(manifest, featureSet)
      ? { batch: row.stateCheckedThroughBatch, at: row.stateCheckedKnownAt }
      : { batch: null, at: null };
    const marks = [
      laterOf(known, checked),
      laterOf(labelKnowledgeIn(manifest), checked),
      laterOf(known, ofState),
    ];
    return `('${date}', ${dayNumber(date)}, ${marks.flat().join(', ')})`;
  });
  return `CREATE OR REPLACE TEMP TABLE partitions AS SELECT * FROM (VALUES ${values.join(', ')})
    AS v(date, day, batch, known_at, label_batch, label_known_at, state_batch, state_known_at)`;
}

/** The later batch and the later moment, as a number and in microseconds. */
function laterOf(
  own: Knowledge,
  checked: { [Part in keyof Knowledge]: Knowledge[Part] | null },
): [batch: number, at: bigint] {
  // Texts of instants sort as the instants do.
  const at = [own.at, checked.at ?? ''].sort().at(-1) ?? own.at;
  return [Math.max(own.batch, checked.batch ?? 0), parseInstant(at)];
}

const sources = ['user_events', 'billing_events', 'plan_changes'] as const;

const ownColumns: Record<SourceTable, string> = {
  user_events: 'event_id AS id, event_type',
  billing_events: 'event_id AS id, event_type',
  plan_changes: 'change_id AS id',
};

/** What every partition knows: rows of these batches that had arrived by then are new to none. */
interface KnownToAll {
  readonly batch: number;
  readonly at: EpochMicros;
}

async function knownOfPartitions(duckDb: DuckDb): Promise<KnownToAll> {
  const [known] = await duckDb.rows<{ batch: number; at: bigint }>(`
    SELECT min(least(batch, label_batch, state_batch)) AS batch,
      min(least(known_at, label_known_at, state_known_at)) AS at FROM partitions`);
  return known!;
}

/** The segments that may have rows which are new to some partition. */
function withNewRows(segments: readonly Segment[], { batch, at }: KnownToAll): Segment[] {
  return segments.filter(({ lastBatch, statistics }) => {
    const lastArrival = statistics?.lastArrival ?? undefined;
    return lastBatch > batch || lastArrival === undefined || lastArrival > at;
  });
}

/** The rows of segments that are chosen of all; none of them where none is chosen. */
function rowsOfChosen(all: readonly Segment[], chosen: readonly Segment[]): string {
  return chosen.length > 0
    ? readSegments(chosen)
    : `(SELECT * FROM ${readSegments(all.slice(0, 1))} WHERE false)`;
}

const isNew = `(batch > (SELECT min(least(batch, label_batch)) FROM partitions)
    OR k > (SELECT min(least(known_at, label_known_at)) FROM partitions))`;

/** SQL of a relation: the rows of a table, with `k`, that are known now, of segments that are chosen. */
function rowsKnownNow(
  { segments, present }: FindOptions,
  table: 'users' | SourceTable,
  choose: (segments: readonly Segment[]) => readonly Segment[],
): string {
  const all = segments(table, present.batch);
  return `(SELECT *, epoch_us(ingested_at) AS k FROM ${rowsOfChosen(all, choose(all))}
    WHERE batch <= ${present.batch}
      AND ingested_at <= make_timestamptz(${parseInstant(present.at)}))`;
}

/** SQL for `new_<source>`, the rows that some partition may not know, one scan each. */
function newRowsTables(options: FindOptions, known: KnownToAll): string {
  const tables = sources.map((source) => {
    const rows = rowsKnownNow(options, source, (all) => withNewRows(all, known));
    return `CREATE OR REPLACE TEMP TABLE new_${source} AS
    SELECT user_id, ${ownColumns[source]}, batch, event_time, k,
      ${firstMidnight('epoch_us(event_time)')} AS d, ${isNew} AS is_new,
      ${isNewToState(options.featureSet.state, source)} AS is_new_to_state
    FROM ${rows}
    WHERE (batch > ${known.batch} OR k > ${known.at}) AND (is_new OR is_new_to_state);`;
  });
  return tables.join('\n');
}

/** The earliest time of a row of `new_<source>`; undefined without any. */
async function earliestNewRow(duckDb: DuckDb): Promise<EpochMicros | undefined> {
  const times = sources.map((source) => `SELECT event_time FROM new_${source}`);
  const [earliest] = await duckDb.rows<{ at: bigint | null }>(
    `SELECT epoch_us(min(event_time)) AS at FROM (${times.join(' UNION ALL ')})`,
  );
  return earliest?.at ?? undefined;
}

/**
 * SQL for `touched(part, batch, k, from_day, until_day, state_until_day)`: the days [from, until) that
 * a new row touches in some window, and those that it touches in the state. Windows of a row begin on
 * the same day, so that one interval stands for all of them; and nobody has to remember, for each
 * day, the ids of the rows that touch it.
 *
 * @param options.since  The earliest new row: how long a row lasts is decided by rows after it.
 */
function touchedTable(
  options: FindOptions,
  { known, since }: { known: KnownToAll; since: EpochMicros | undefined },
): string {
  const { featureSet } = options;
  const isSince = ({ statistics }: Segment) =>
    since !== undefined && (statistics?.lastTime ?? since) >= since;
  const after = since === undefined ? 'false' : `event_time >= make_timestamptz(${since})`;
  const knownRows = (source: SourceTable) =>
    `SELECT user_id, ${ownColumns[source]}, batch, event_time, k
    FROM ${rowsKnownNow(options, source, (all) => all.filter(isSince))} WHERE ${after}`;
  const users = rowsKnownNow(options, 'users', (all) => withNewRows(all, known));
  const parts = [
    ...sources.flatMap((source) => touchesOf(featureSet, source, knownRows(source))),
    stateTouches(featureSet.state, knownRows),
  ];
  return `CREATE OR REPLACE TEMP TABLE touched AS
    SELECT 'features' AS part, batch, k,
      ${firstMidnight('epoch_us(signup_time)')} AS from_day, ${FOREVER} AS until_day,
      from_day AS state_until_day
    FROM ${users} WHERE ${isNew}
    UNION ALL SELECT if(part = 'label', part, 'features') AS part, batch, k, from_day,
      coalesce(max(until_day) FILTER (part <> 'state'), from_day),
      coalesce(max(until_day) FILTER (part = 'state'), from_day)
    FROM (${parts.join('\nUNION ALL ')}) AS w(part, source, row, batch, k, from_day, until_day)
    GROUP BY if(part = 'label', part, 'features'), source, row, batch, k, from_day`;
}

function touchesOf(
  { features, label }: FeatureSet,
  source: SourceTable,
  knownRows: string,
): string[] {
  const ofSource = features.filter((feature) => feature.source === source);
  const selections = ofSource.map((feature) =>
    feature.windowDays === undefined
      ? lastingTouches(source, knownRows, isOfType(feature.eventType))
      : `SELECT 'features', '${source}', rowid, batch, k, d, d + ${feature.windowDays} FROM new_${source}
       WHERE is_new AND ${isOfType(feature.eventType)}`,
  );
  const labelTypes = [
    ...(source === label.silentIn ? [undefined] : []),
    ...(source === label.cancelledBy.source ? [label.cancelledBy.eventType] : []),
  ];
  const labels = labelTypes.map(
    (
      eventType,
    ) => `SELECT 'label', '${source}', rowid, batch, k, d - ${label.horizonDays}, d FROM new_${source}
       WHERE is_new AND ${isOfType(eventType)}`,
  );
  return [...selections, ...labels];
}

/** In force until the first midnight at which a later row of the same user is. */
function lastingTouches(source: SourceTable, knownRows: string, isOfItsType: string): string {
  return `SELECT 'features', '${source}', new_${source}.rowid, batch, k, d, until_day FROM (
      SELECT id, ${firstMidnight('epoch_us(event_time)')} AS d,
        coalesce(lead(d) OVER (PARTITION BY user_id ORDER BY event_time, id), ${FOREVER}) AS until_day
      FROM (${knownRows}) WHERE ${isOfItsType}
        AND user_id IN (SELECT user_id FROM new_${source} WHERE is_new AND ${isOfItsType})
    ) JOIN new_${source} USING (id, d) WHERE is_new AND ${isOfItsType}`;
}
