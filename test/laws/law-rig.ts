import { rmSync } from 'node:fs';
import type { DuckDb } from '../../packages/duckdb/open-duckdb';
import { featureSet } from '../../packages/features/feature-set';
import { momentOf, type Grid } from '../../packages/features/grid/grid';
import type { RawTables } from '../support/oracle';
import type { Segments } from '../../packages/features/segments';
import { formatInstant } from '../../packages/instants/epoch-micros';
import { dateOf } from '../../packages/instants/logical-date';
import { sha256OfFile } from '../../packages/durable-files/file-hash';
import type { PartitionRequest } from '../../packages/offline-store/partition-request';
import { writeVectors } from '../../packages/offline-store/vectors/write-vectors';
import { createScratchDirectory } from '../environment/scratch-directory';
import { openTestDuckDb } from '../packages/duckdb/open-test-duckdb';
import { writeRawLog } from '../packages/features/raw-log-fixture';
import { mergeSegments, type Merging } from './random-merging';

/** SHA-256 by date of the Parquet files that the product's writer wrote. */
export type Bytes = Readonly<Record<string, string>>;

/** Where laws write their raw logs and files. */
export interface LawRig {
  readonly folder: string;
  /** One for all cases; files are written as the product does, by a DuckDB of their own. */
  readonly duckDb: DuckDb;
  /** Hands `use` a raw log, merged or not, which is removed afterwards. */
  withRawLog<T>(
    raw: RawTables,
    use: (segments: Segments) => Promise<T>,
    merging?: Merging,
  ): Promise<T>;
  readonly openDuckDb: () => Promise<DuckDb>;
  /** The files that the product's writer wrote, by date, until the next ones are. */
  filesOf(
    segments: Segments,
    requests: readonly PartitionRequest[],
  ): Promise<ReadonlyMap<string, string>>;
  bytesOf(segments: Segments, requests: readonly PartitionRequest[]): Promise<Bytes>;
  close(): void;
}

export async function openLawRig(threads = 1): Promise<LawRig> {
  const scratch = createScratchDirectory();
  const duckDb = await openTestDuckDb(scratch.path, threads);
  const openDuckDb = () => openTestDuckDb(scratch.path, threads);
  const filesOf: LawRig['filesOf'] = (segments, requests) =>
    writeVectors({ featureSet, segments, openDuckDb }, requests, scratch.path);
  let written = 0;
  return {
    folder: scratch.path,
    duckDb,
    withRawLog: async (raw, use, merging) => {
      const folder = `${scratch.path}/log${(written += 1)}`;
      try {
        const segments = await writeRawLog(duckDb, folder, raw);
        return await use(
          merging ? await mergeSegments(duckDb, folder, { segments, merging }) : segments,
        );
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    },
    openDuckDb,
    filesOf,
    bytesOf: async (segments, requests) => {
      const files = [...(await filesOf(segments, requests))];
      const hashes = files.map(async ([date, file]) => [date, await sha256OfFile(file)]);
      return Object.fromEntries(await Promise.all(hashes)) as Bytes;
    },
    close: () => {
      duckDb.close();
      scratch.remove();
    },
  };
}

/** A partition for each moment of a grid of midnights. */
export function requestsOf(grid: Grid): PartitionRequest[] {
  const { at, batch, completeThrough } = grid.label;
  const label = {
    at: formatInstant(at),
    batch,
    completeThrough: completeThrough === null ? null : formatInstant(completeThrough),
  };
  return Array.from({ length: grid.count }, (_, index) => {
    const known = grid.knowledge[grid.knowledge.length === 1 ? 0 : index]!;
    return {
      date: dateOf(momentOf(grid, index)),
      kind: 'latest',
      known: { at: formatInstant(known.at), batch: known.batch },
      label,
      reason: 'law',
    };
  });
}
