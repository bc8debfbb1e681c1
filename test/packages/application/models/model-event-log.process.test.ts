import { spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { cpSync, rmSync } from 'node:fs';
import path from 'node:path';
import { createModelEventLog } from '../../../../packages/application/models/model-event-log';
import { dataPaths } from '../../../../packages/config/data-paths';
import { openDatabase } from '../../../../packages/database/open-database';
import type { ModelEvent } from '../../../../packages/modeling/model-documents';
import { auditModels } from '../../../../packages/modeling/registry/audit-models';
import { publishRegistry } from '../../../../packages/modeling/registry/change-registry';
import type { ModelEventLog } from '../../../../packages/modeling/registry/model-event-log';
import { promoteModel, rollbackModel } from '../../../../packages/modeling/registry/model-registry';
import {
  readAliases,
  readPublishedAliases,
} from '../../../../packages/modeling/registry/published-aliases';
import { createTestDatabase, type TestDatabase } from '../../../environment/test-database';
import { setUpTrainedRegistry } from '../../modeling/trained-registry';
import { testSchema } from '../../modeling/training-world';
import type { PromotionOrders } from './promoting-child';

const { schemaHash } = testSchema;
const childFile = require.resolve('./promoting-child.ts');
const typescriptRequire = path.join(__dirname, '../../../environment/typescript-require.cjs');

/** Three versions in a folder, and in Postgres the events that made them. */
describe('a registry whose events are in Postgres', () => {
  const registry = setUpTrainedRegistry();
  const { now } = registry;
  let database: TestDatabase;
  let eventLog: ModelEventLog;
  let modelsDir: string;

  beforeAll(async () => {
    database = await createTestDatabase();
    await database.sql`insert into ops.installation (id, currency) values (${randomUUID()}, 'USD')`;
  });
  afterAll(() => database.drop());

  beforeEach(async () => {
    const paths = dataPaths(registry.modelsDir);
    modelsDir = paths.models;
    cpSync(registry.trained, modelsDir, { recursive: true });
    eventLog = createModelEventLog({ database, paths });
    await database.sql`truncate ops.model_events`;
    await eventLog.inTransaction((tx) => tx.append(registry.trainedEvents.events));
  });

  const list = () => eventLog.inTransaction((tx) => tx.list());
  const move = (from: string, log = eventLog) => ({
    modelsDir,
    now,
    eventLog: log,
    schemaHash,
    from,
    reason: 'complaints',
  });

  it('reads them as they were told', async () => {
    expect(await list()).toEqual(registry.trainedEvents.events);
    expect(await eventLog.latest()).toEqual({ number: 6, hasUnnumbered: false });
  });

  it('keeps nothing of work that fails', async () => {
    const failing = eventLog.inTransaction(async (tx) => {
      await tx.append([eventOf(7)]);
      throw new Error('the disk is full');
    });
    await expect(failing).rejects.toThrow('the disk is full');
    expect(await eventLog.latest()).toMatchObject({ number: 6 });
  });

  it('runs one change at a time, however many connections ask', async () => {
    await Promise.all(
      Array.from({ length: 12 }, () =>
        eventLog.inTransaction(async (tx) => {
          const last = (await tx.list()).at(-1)!;
          await tx.append([eventOf(last.number + 1)]);
        }),
      ),
    );
    expect((await list()).map(({ number }) => number)).toEqual(
      Array.from({ length: 18 }, (_, index) => index + 1),
    );
  });

  it('promotes and rolls back, once each, whatever is repeated', async () => {
    const promote = () => promoteModel({ ...move('v002'), version: 'v003' });
    expect([(await promote()).changed, (await promote()).changed]).toEqual([true, false]);
    const rollback = () => rollbackModel(move('v003'));
    expect([(await rollback()).changed, (await rollback()).changed]).toEqual([true, false]);
    await expect(promoteModel({ ...move('v003'), version: 'v001' })).rejects.toMatchObject({
      code: 'CHAMPION_CHANGED',
    });
    const { event, aliases } = await readPublishedAliases(modelsDir);
    expect([event, aliases.champion]).toEqual([8, 'v002']);
    expect((await list()).at(-1)).toMatchObject({ number: 8, aliases });
  });

  it('changes nothing while Postgres is away, and says which service is', async () => {
    const nobody = openDatabase('postgres://nobody@127.0.0.1:1/nothing');
    const away = createModelEventLog({ database: nobody, paths: dataPaths(registry.modelsDir) });
    for (const change of [
      () => promoteModel({ ...move('v002', away), version: 'v003' }),
      () => rollbackModel(move('v002', away)),
    ]) {
      await expect(change()).rejects.toMatchObject({ code: 'POSTGRES_UNAVAILABLE' });
    }
    expect(await readAliases(modelsDir)).toMatchObject({ champion: 'v002' });
    await nobody.close();
  });

  it.each([
    ['before the commit', { inForce: 'v002', published: 'v002', changed: true }],
    ['after the commit', { inForce: 'v003', published: 'v002', changed: false }],
  ] as const)('whose writer is killed %s has changed or not', async (killedAt, expected) => {
    const dataDir = registry.modelsDir;
    const databaseUrl = database.url;
    const orders: PromotionOrders = { databaseUrl, dataDir, schemaHash, killedAt };
    const child = spawnSync(
      process.execPath,
      ['-r', typescriptRequire, childFile, JSON.stringify(orders)],
      { stdio: ['ignore', 'inherit', 'inherit'] },
    );
    expect(child.signal).toBe('SIGKILL');
    expect(await readAliases(modelsDir)).toMatchObject({ champion: expected.published });
    await publishRegistry({ modelsDir, now, eventLog });
    expect(await readAliases(modelsDir)).toMatchObject({ champion: expected.inForce });
    const again = await promoteModel({ ...move('v002'), version: 'v003' });
    expect(again).toMatchObject({ champion: 'v003', changed: expected.changed });
    expect((await list()).map(({ number }) => number)).toEqual([1, 2, 3, 4, 5, 6, 7]);
    expect(await auditModels(modelsDir, eventLog)).toMatchObject({ examples: [] });
  });

  it('numbers the events that an earlier release left without, once', async () => {
    await database.sql`update ops.model_events set number = null, aliases = null`;
    rmSync(modelsDir, { recursive: true });
    for (let look = 0; look < 2; look += 1) await publishRegistry({ modelsDir, now, eventLog });
    expect(await eventLog.latest()).toEqual({ number: 6, hasUnnumbered: false });
    expect(await readAliases(modelsDir)).toMatchObject({ champion: 'v002' });
  });

  function eventOf(number: number): ModelEvent {
    return { ...registry.trainedEvents.events[0]!, number, event_id: randomUUID() };
  }
});
