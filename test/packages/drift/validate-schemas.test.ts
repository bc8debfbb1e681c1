import {
  onlineStateHash,
  type OnlineMeta,
  type OnlineVector,
} from '../../../packages/contracts/partitions';
import {
  validateSchemas,
  type ValidateSchemasOptions,
} from '../../../packages/drift/validate-schemas';
import { featureSet } from '../../../packages/features/feature-set';
import { createScratchDirectory } from '../../environment/scratch-directory';
import { openTestDuckDb } from '../duckdb/open-test-duckdb';
import { beforeState, writePartition } from './partition-fixture';

const hash = featureSet.schemaHash;
const online: OnlineMeta = {
  installation_id: 'i',
  feature_time: '2024-01-05T00:00:00.000000Z',
  known_at: '2024-01-05T01:00:00.000000Z',
  revision: 1,
  schema_hash: hash,
  state_hash: onlineStateHash(featureSet.definitionHashes.is_subscribed!),
  partition_sha256: 'sha',
  users: 10,
  published_at: '2024-01-05T01:05:00.000000Z',
};
const vector: OnlineVector = {
  user_id: 'u1',
  features: Object.fromEntries(
    featureSet.features.map(({ name, type }) => [name, type === 'bool' ? true : 4]),
  ),
  feature_time: online.feature_time,
  known_at: online.known_at,
  revision: 1,
  schema_hash: hash,
  vector_hash: 'h',
};
const { is_subscribed, sessions_30d } = featureSet.definitionHashes;
const eligibilityHashes = { is_subscribed: is_subscribed!, sessions_30d: sessions_30d! };
const model = { version: 'v001', schemaHash: hash, eligibilityHashes };

describe('validating schemas', () => {
  const scratch = createScratchDirectory();
  afterAll(() => scratch.remove());

  const partition = (more: Partial<Parameters<typeof writePartition>[1]> = {}) =>
    writePartition(scratch.path, { date: '2024-01-05', users: 10, seed: 1, ...more });
  const validate = async (more: Partial<ValidateSchemasOptions> = {}) =>
    validateSchemas({
      offline: await partition(),
      online,
      model,
      expected: featureSet,
      openDuckDb: () => openTestDuckDb(scratch.path),
      onlineSample: vector,
      ...more,
    });
  const problems = ({ checks }: Awaited<ReturnType<typeof validate>>) =>
    checks.filter(({ status }) => status !== 'pass').map(({ name, status }) => `${name} ${status}`);

  it('passes when offline, online, model and code agree', async () => {
    const { verdict, checks } = await validate();
    expect(verdict).toBe('pass');
    expect(checks.map(({ name }) => name)).toEqual([
      'offline_schema',
      'offline_columns',
      'offline_state',
      'online_schema',
      'online_state',
      'online_matches_offline',
      'online_vector',
      'model_schema',
      'model_eligibility',
    ]);
  });

  it.each<[string, Partial<ValidateSchemasOptions>, string[]]>([
    ['no partition is published', { offline: null }, ['offline_schema fail']],
    ['nothing is online', { online: null }, ['online_schema fail']],
    ['there is no model yet', { model: null }, ['model_schema warn']],
    [
      'the model is of another schema',
      { model: { ...model, schemaHash: 'x' } },
      ['model_schema fail'],
    ],
    [
      'the model is from before models recorded whom they were trained on',
      { model: { ...model, eligibilityHashes: null } },
      ['model_eligibility warn'],
    ],
    [
      'the model was trained on users of another eligibility',
      { model: { ...model, eligibilityHashes: { ...eligibilityHashes, is_subscribed: 'x' } } },
      ['model_eligibility warn'],
    ],
    [
      'the online store was synced before there was a state',
      { online: { ...online, state_hash: undefined } },
      ['online_state warn'],
    ],
    [
      'the online store has another state',
      { online: { ...online, state_hash: 'x' } },
      ['online_state warn'],
    ],
    [
      'the online store is of another schema',
      { online: { ...online, schema_hash: 'x' } },
      ['online_schema fail', 'online_matches_offline fail'],
    ],
    [
      'the online store is behind',
      { online: { ...online, feature_time: '2024-01-04T00:00:00.000000Z' } },
      ['online_matches_offline warn'],
    ],
    [
      'the online store is ahead',
      { online: { ...online, feature_time: '2024-01-09T00:00:00.000000Z' } },
      [],
    ],
    [
      'a vector lacks a feature',
      { onlineSample: { ...vector, features: { sessions_30d: 1 } } },
      ['online_vector fail'],
    ],
    [
      'a vector has a feature of another type',
      { onlineSample: { ...vector, features: { ...vector.features, is_pro_plan: 1 } } },
      ['online_vector fail'],
    ],
    ['no vector is given', { onlineSample: null }, []],
  ])('when %s', async (_what, options, expected) => {
    const result = await validate(options);
    expect(problems(result)).toEqual(expected);
    const worst = expected.some((text) => text.endsWith('fail')) ? 'fail' : 'warn';
    expect(result.verdict).toBe(expected.length === 0 ? 'pass' : worst);
  });

  it('fails on a partition of other definitions', async () => {
    const result = await validate({ offline: await partition({ schemaHash: 'old' }) });
    expect(problems(result)).toEqual(['offline_schema fail', 'online_matches_offline fail']);
  });

  it('fails on a partition that does not say who is subscribed', async () => {
    const result = await validate({ offline: await partition({ ...beforeState, seed: 4 }) });
    expect(problems(result)).toEqual(['offline_columns fail', 'offline_state fail']);
  });

  it("reads the file's own columns", async () => {
    const sql = { is_pro_plan: 'absent', sessions_30d: '(1)::BIGINT' };
    const result = await validate({ offline: await partition({ sql, seed: 2 }) });
    expect(result.verdict).toBe('fail');
    const check = result.checks.find(({ name }) => name === 'offline_columns');
    expect(check?.message).toBe('is_pro_plan is missing; sessions_30d: BIGINT instead of INTEGER.');
  });

  it('warns of a column too many', async () => {
    const result = await validate({ offline: await partition({ more: ', 1 AS x', seed: 3 }) });
    expect(problems(result)).toEqual(['offline_columns warn']);
  });
});
