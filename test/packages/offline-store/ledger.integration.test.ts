import { createLedger, type Checked } from '../../../packages/offline-store/ledger';
import type { PartitionManifest } from '../../../packages/contracts/partitions';
import { createTestDatabase, type TestDatabase } from '../../environment/test-database';
import { snapshotAt } from './small-world';

const DATE = '2024-02-18';
const [early, late] = [snapshotAt(80, 1), snapshotAt(82, 2)];

describe('what the ledger says was looked for', () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await createTestDatabase();
  });
  afterAll(() => database.drop());

  /** The batches up to which a date was checked: for everything, and for the state. */
  async function marksAfter(how: string, checked: Checked): Promise<(number | null)[]> {
    await database.sql`truncate ops.partition_runs`;
    const ledger = createLedger(database);
    const claim = (await ledger.claim(DATE, 'a run'))!;
    if (how === 'released') await ledger.release(claim, { status: 'succeeded', checked });
    if (how === 'published') await publish(claim, checked);
    if (how === 'looked at') await ledger.noteChecked([claim], checked);
    if (how === 'published with less than before') {
      await publish(claim, late);
      await publish((await ledger.claim(DATE, 'a run'))!, checked);
    }
    if (how === 'looked at with less than before') {
      await ledger.noteChecked([claim], late);
      await ledger.noteChecked([claim], checked);
    }
    const [row] = await ledger.list();
    return [row!.checkedThroughBatch, row!.stateCheckedThroughBatch];

    async function publish(by: typeof claim, what: Checked) {
      const manifest = { date: DATE, revision: 1 } as PartitionManifest;
      await ledger.whileHolding(by, (tx) => ledger.recordPublication(tx, manifest, what));
    }
  }

  it.each<[string, Checked, (number | null)[]]>([
    ['released', late, [2, 2]],
    ['released', { ...late, scope: 'state' }, [null, 2]],
    ['looked at', late, [2, 2]],
    ['looked at', { ...late, scope: 'state' }, [null, 2]],
    ['looked at with less than before', early, [2, 2]],
    ['looked at with less than before', { ...early, scope: 'state' }, [2, 2]],
    ['published', late, [2, 2]],
    ['published', { ...late, scope: 'state' }, [null, 2]],
    ['published with less than before', early, [1, 1]],
    ['published with less than before', { ...early, scope: 'state' }, [2, 1]],
  ])('of a date that was %s, having checked %j, is %j', async (how, checked, marks) => {
    expect(await marksAfter(how, checked)).toEqual(marks);
  });
});
