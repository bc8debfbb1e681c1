import { readColumns, withDuckDbs, type DuckDb } from '../../duckdb';
import { segmentRowCounts } from '../segments';
import type { SourcePlan, AccumulatorPlan } from './accumulators';
import { selectTileRows, throughBatch, type UserRange } from './compile-tiles';
import { groupByDay, type TileBlock } from './tile-block';
import { TileCollector, type CollectedTiles, type TileRows } from './tile-collector';
import { neededSegments } from './needed-segments';
import {
  cutIntoPieces,
  firstRowsOf,
  ROWS_PER_PIECE,
  type CountedSegment,
  type SegmentPiece,
} from './segment-pieces';
import { correctOverlaps } from './session-overlaps';
import type { Correction, GridUsers } from './sliding-windows';
import type { VectorOptions } from './vector-options';

const ROWS_PER_SHARD = 25_000_000;

/** Each query takes one of the four threads that Node has for such work, and for files. */
const READERS_MAX = 3;

interface TileOptions extends VectorOptions {
  readonly plan: AccumulatorPlan;
  readonly users: GridUsers;
  readonly userHash: string;
  readonly userOf: (low: number, high: number) => number;
}

interface Shard {
  readonly range: UserRange;
  /** How many users that are, and about how many rows. */
  readonly users: number;
  readonly rows: number;
}

/** The tiles of all sources, and how often each was read: once for each shard of users. */
export interface Tiles {
  readonly blocks: readonly TileBlock[];
  readonly corrections: ReadonlyMap<number, readonly Correction[]>;
  readonly scans: Readonly<Record<string, number>>;
}

/** Brings the tiles of each source from DuckDB into blocks. */
export async function readTiles(duckDb: DuckDb, options: TileOptions): Promise<Tiles> {
  const { plan, users } = options;
  const sources = users.ids.length > 0 ? plan.sources : [];
  const readings = await Promise.all(sources.map((source) => planReading(duckDb, source, options)));
  const readers = Math.min(
    duckDb.threads,
    READERS_MAX,
    Math.max(1, ...readings.map(({ pieces }) => pieces.length)),
  );
  const openings =
    readers === 1 ? [] : Array.from({ length: readers }, () => duckDb.openSingleThreaded());
  return withDuckDbs(openings, async (opened) => {
    const reader = new TileReader(opened.length > 0 ? opened : [duckDb], options);
    for (const reading of readings) await reader.read(reading);
    const scans = readings.map(({ source, shards }) => [source.source, shards.length]);
    const { blocks, corrections } = reader;
    return { blocks, corrections, scans: Object.fromEntries(scans) as Record<string, number> };
  });
}

/** How a source is read. */
interface Reading {
  readonly source: SourcePlan;
  readonly shards: readonly Shard[];
  readonly pieces: readonly SegmentPiece[];
}

async function planReading(
  duckDb: DuckDb,
  source: SourcePlan,
  options: TileOptions,
): Promise<Reading> {
  const { featureSet, segments, grid, rowsPerPiece = ROWS_PER_PIECE } = options;
  const all = segments(source.source, throughBatch(grid));
  const needed = neededSegments(all, { featureSet, plan: source, grid });
  const counts = await segmentRowCounts(duckDb, needed.whole);
  const whole = needed.whole.map(({ file }, index) => ({ file, rows: counts[index]! }));
  const latest = needed.latest.map(({ file, statistics }) => {
    return { file, rows: statistics!.latestRows };
  });
  // A user's plan changes are ranked among each other, so those are read in one piece.
  const rowsMax = source.source === 'plan_changes' ? Infinity : rowsPerPiece;
  return {
    source,
    shards: shardsOf([...whole, ...latest], options),
    pieces: [...cutIntoPieces(whole, rowsMax), ...firstRowsOf(latest)],
  };
}

/** Ranges of users that have about as many raw rows each. */
function shardsOf(
  segments: readonly CountedSegment[],
  { users, rowsPerShard = ROWS_PER_SHARD }: TileOptions,
): Shard[] {
  const rows = segments.reduce((total, segment) => total + segment.rows, 0);
  const count = Math.min(Math.ceil(rows / rowsPerShard), users.ids.length) || 1;
  const bounds = Array.from(
    { length: count - 1 },
    (_, index) => users.ids[Math.floor(((index + 1) * users.ids.length) / count)]!,
  );
  return Array.from({ length: count }, (_, index) => ({
    range: { from: bounds[index - 1], until: bounds[index] },
    users: Math.ceil(users.ids.length / count),
    rows: Math.ceil(rows / count),
  }));
}

/** Reads pieces by several DuckDBs, and collects their rows to tiles. */
class TileReader {
  readonly blocks: TileBlock[] = [];
  readonly corrections = new Map<number, Correction[]>();
  private readonly firstSignup: number;

  constructor(
    private readonly readers: readonly DuckDb[],
    private readonly options: TileOptions,
  ) {
    this.firstSignup = options.users.signup.reduce((first, at) => Math.min(first, at), Infinity);
  }

  async read({ source, shards, pieces }: Reading): Promise<void> {
    for (const shard of shards) {
      const tiles = await this.collect(source, { shard, pieces });
      this.blocks.push(groupByDay(source, tiles, this.options.grid.count));
      if (source.bySession) this.noteOverlaps(source, tiles);
    }
  }

  /** Each reader places one piece in time after the other, while this thread adds them up. */
  private async collect(
    plan: SourcePlan,
    { shard, pieces }: { shard: Shard; pieces: readonly SegmentPiece[] },
  ): Promise<CollectedTiles> {
    const { userOf, grid } = this.options;
    const collector = new TileCollector(plan, grid, userOf, shard);
    const waiting = [...pieces];
    const readOn = async (reader: DuckDb) => {
      for (let piece = waiting.shift(); piece; piece = waiting.shift()) {
        await this.options.giveWay?.();
        collector.add(await this.query(reader, { plan, piece, range: shard.range }));
      }
    };
    // All end before the first failure is thrown: nobody closes a DuckDB under a query.
    const lanes = await Promise.allSettled(
      this.readers.map((reader) => readOn(reader).finally(() => waiting.splice(0))),
    );
    for (const lane of lanes) if (lane.status === 'rejected') throw lane.reason;
    return collector.collected();
  }

  private async query(
    { connection }: DuckDb,
    which: { plan: SourcePlan; piece: SegmentPiece; range: UserRange },
  ): Promise<TileRows> {
    const { options, firstSignup } = this;
    const { signal } = options;
    const { rowsOf, ...query } = selectTileRows({ ...options, firstSignup, ...which });
    return rowsOf(await readColumns(connection, { ...query, signal }));
  }

  private noteOverlaps({ source }: SourcePlan, tiles: CollectedTiles): void {
    const { plan, grid } = this.options;
    for (const [
      accumulator,
      { kind, source: own, windowDays, column },
    ] of plan.accumulators.entries()) {
      if (own !== source || kind !== 'distinct' || windowDays === undefined) continue;
      const counted = column === undefined ? undefined : tiles.columns[column];
      const options = { windowDays, column: counted, moments: grid.count };
      correctOverlaps(tiles, options, (moment, user, value) =>
        this.correct(moment, { accumulator, user, value }),
      );
    }
  }

  private correct(moment: number, correction: Correction): void {
    const known = this.corrections.get(moment);
    if (known) known.push(correction);
    else this.corrections.set(moment, [correction]);
  }
}
