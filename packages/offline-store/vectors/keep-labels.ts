import { ChurnError, type PublishedPartition } from '../../contracts';
import { readColumns, readParquet, type DuckDb } from '../../duckdb';
import { sha256OfFile } from '../../durable-files';
import { LABEL_UNKNOWN, type FeatureSet, type MomentVectors } from '../../features';

/**
 * Puts the labels of a published revision in the place of those of vectors for the same users, which
 * have other knowledge. So partitions whose labels were made with many knowledges are computed
 * together, when only something else in them is new.
 *
 * @throws ChurnError CORRUPT_PARTITION when the file is not the one of its manifest, or not of as many
 *   rows as the vectors.
 */
export async function keepLabels(
  duckDb: DuckDb,
  { label }: FeatureSet,
  { vectors, published }: { vectors: MomentVectors; published: PublishedPartition },
): Promise<void> {
  const { path, manifest } = published;
  const sha256 = await sha256OfFile(path).catch(() => undefined);
  if (sha256 !== manifest.sha256 || manifest.rows !== vectors.rows) {
    throw new ChurnError('CORRUPT_PARTITION', { path });
  }
  const value = `coalesce(${label.name}::UTINYINT, ${LABEL_UNKNOWN})::UTINYINT`;
  const sql = `SELECT ${value} FROM ${readParquet([path])}`;
  const [labels] = await readColumns(duckDb.connection, { sql, types: ['UTINYINT'] });
  vectors.label.set(labels as Uint8Array);
}
