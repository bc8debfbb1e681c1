import path from 'node:path';
import type { Progress } from '../../contracts';
import { midnightOf, type LogicalDate } from '../../instants';
import { withWriters } from './compute-grid';
import type { GridContext, PartitionRequest } from '../partition-request';
import { groupIntoGrids, indexIn, momentsPerScan } from './group-into-grids';
import { countEvents } from '../publish-revision';

/**
 * Computes the vectors of these requests into Parquet files in a folder that exists, publishing
 * nothing.
 *
 * @returns The file by date.
 */
export async function writeVectors(
  context: GridContext,
  requests: readonly PartitionRequest[],
  folder: string,
  { signal, report }: Partial<Progress> = {},
): Promise<Map<LogicalDate, string>> {
  const files = new Map<LogicalDate, string>();
  const moments = momentsPerScan(await countEvents(context, requests));
  for (const group of groupIntoGrids(requests, moments)) {
    await withWriters(context, { group, signal }, async ({ vectors, pool }) => {
      for (const request of group) {
        const { date } = request;
        const file = path.join(folder, `${date}.parquet`);
        const moment = vectors.vectorsAt(indexIn(group, request));
        await pool.tasks.add(async () => {
          await pool.withWriter((writer) => writer.write(moment, midnightOf(date), file, signal));
          moment.release();
          files.set(date, file);
          report?.({ what: date, done: files.size, total: requests.length });
        });
      }
      await pool.tasks.drain();
    });
  }
  return files;
}
