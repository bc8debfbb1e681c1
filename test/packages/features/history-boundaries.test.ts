import { quoteLiteral, type DuckDb } from '../../../packages/duckdb';
import {
  computeHistory,
  featureSet,
  spineReasons,
  type SpineKnowledge,
} from '../../../packages/features';
import { midnightOf } from '../../../packages/instants';
import { createScratchDirectory } from '../../environment/scratch-directory';
import { openTestDuckDb, writeRawLog } from './raw-log-fixture';

const SIGNUP = midnightOf('2024-03-01');
const ARRIVAL = SIGNUP + 5_000_000n;
const NOW = midnightOf('2024-04-01');
const HOUR = 3_600_000_000n;

describe('a user in a spine', () => {
  const scratch = createScratchDirectory();
  let duckDb: DuckDb;

  beforeAll(async () => {
    duckDb = await openTestDuckDb(scratch.path);
  });

  afterAll(() => {
    duckDb.close();
    scratch.remove();
  });

  const later = { at: NOW };
  it.each<[string, bigint, SpineKnowledge['known'], (typeof spineReasons)[number]]>([
    ['is there at the moment of signing up', SIGNUP, later, null],
    ['is not there a microsecond before', SIGNUP - 1n, later, 'before_signup'],
    ['is known at K = the arrival', ARRIVAL, { at: ARRIVAL }, null],
    ['is not known at K a microsecond earlier', ARRIVAL, { at: ARRIVAL - 1n }, 'not_yet_known'],
    ['is known where T + 1 h is the arrival', SIGNUP, { afterMicros: 5_000_000n }, null],
    ['is not known 1 µs earlier', SIGNUP, { afterMicros: 4_999_999n }, 'not_yet_known'],
    ['is there now', NOW, later, null],
    ['has no future', NOW + 1n, later, 'in_the_future'],
    ['is known an hour after signing up', SIGNUP, { afterMicros: HOUR }, null],
  ])('%s', async (_what, t, known, reason) => {
    const user = { userId: 'u', signupTime: SIGNUP, plan: 'pro', ingestedAt: ARRIVAL, batch: 1 };
    const raw = { users: [user], planChanges: [], userEvents: [], billingEvents: [] };
    const segments = await writeRawLog(duckDb, scratch.path, raw);
    await duckDb.run(`CREATE OR REPLACE TEMP TABLE spine AS
      SELECT ${quoteLiteral('u')} AS user_id, ${t}::BIGINT AS t`);
    const knowledge = { batch: 1, known };
    const history = await computeHistory(duckDb, { featureSet, knowledge, segments, now: NOW });
    expect(spineReasons[history.reasons[0]!]).toBe(reason);
  });
});
