import { createModelEventLog } from '../../../../packages/application/models/model-event-log';
import { dataPaths } from '../../../../packages/config/data-paths';
import { openDatabase } from '../../../../packages/database/open-database';
import { midnightOf } from '../../../../packages/instants/logical-date';
import type { ModelEventLog } from '../../../../packages/modeling/registry/model-event-log';
import { promoteModel } from '../../../../packages/modeling/registry/model-registry';

/** What a child is given, as JSON. */
export interface PromotionOrders {
  readonly databaseUrl: string;
  readonly dataDir: string;
  readonly schemaHash: string;
  readonly killedAt: 'before the commit' | 'after the commit';
}

/** A process of its own that promotes v003 in the place of v002, and does not live to see it. */
async function promoteUntilKilled({ databaseUrl, dataDir, schemaHash, killedAt }: PromotionOrders) {
  const kill = async (step: PromotionOrders['killedAt']) => {
    if (step !== killedAt) return;
    process.kill(process.pid, 'SIGKILL');
    // The signal may take a moment to arrive, and nothing may happen in it.
    await new Promise(() => {});
  };
  const paths = dataPaths(dataDir);
  const inPostgres = createModelEventLog({ database: openDatabase(databaseUrl), paths });
  const eventLog: ModelEventLog = {
    ...inPostgres,
    inTransaction: async (work) => {
      const result = await inPostgres.inTransaction(async (tx) => {
        const done = await work(tx);
        await kill('before the commit');
        return done;
      });
      await kill('after the commit');
      return result;
    },
  };
  await promoteModel({
    modelsDir: paths.models,
    eventLog,
    now: () => midnightOf('2024-07-01'),
    schemaHash,
    from: 'v002',
    version: 'v003',
    reason: 'by a process that is killed',
  });
}

if (require.main === module) {
  void promoteUntilKilled(JSON.parse(process.argv[2]!) as PromotionOrders);
}
