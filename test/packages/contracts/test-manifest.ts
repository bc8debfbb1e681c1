import type { PartitionManifest } from '../../../packages/contracts/partitions';

/** The manifest of a day's first revision, known since an hour after it, whose labels nobody knows. */
export function testManifest(
  date: string,
  more: Partial<PartitionManifest> = {},
): PartitionManifest {
  const knownAt = `${date}T01:00:00.000000Z`;
  return {
    format_version: 1,
    date,
    feature_time: `${date}T00:00:00.000000Z`,
    revision: 1,
    knowledge: 'latest',
    known_at: knownAt,
    batch: 1,
    label_known_at: knownAt,
    label_batch: 1,
    label_complete_through: null,
    label_mature: false,
    rows: 1,
    bytes: 1,
    sha256: 'sha',
    content_hash: 'content',
    schema_hash: 'schema-a',
    definition_hashes: {},
    source_counts: {},
    writer_version: 'test',
    reason: 'daily',
    ...more,
  };
}
