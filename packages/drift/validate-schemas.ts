import {
  isChurnError,
  onlineStateHash,
  type ChurnError,
  type OnlineMeta,
  type OnlineVector,
  type PublishedPartition,
} from '../contracts';
import type { DuckDb } from '../duckdb';
import { isSameEligibility, knowsState, type EligibilityHashes } from '../modeling';
import { compareColumns, type TypedColumn } from './metrics/compare-columns';
import type { ExpectedSchema } from './detect-drift';
import { readColumnTypes } from './metrics/read-feature-columns';

export interface SchemaCheck {
  readonly name:
    | 'offline_schema'
    | 'offline_columns'
    | 'offline_state'
    | 'online_schema'
    | 'online_state'
    | 'online_vector'
    | 'online_matches_offline'
    | 'model_schema'
    | 'model_eligibility';
  readonly status: 'pass' | 'warn' | 'fail';
  readonly message: string;
}

export interface SchemaVerdict {
  /** The worst of the checks. */
  readonly verdict: 'pass' | 'warn' | 'fail';
  readonly checks: readonly SchemaCheck[];
}

export interface ValidateSchemasOptions {
  readonly offline: PublishedPartition | null;
  readonly online: OnlineMeta | null;
  readonly model: {
    readonly version: string;
    readonly schemaHash: string;
    /** Null: the model was made before models recorded whom they were trained on. */
    readonly eligibilityHashes: EligibilityHashes | null;
  } | null;
  readonly expected: ExpectedSchema;
  readonly openDuckDb: () => Promise<DuckDb>;
  /** Any user's vector, or why it can't be used; absent: the vectors are not looked at. */
  readonly onlineSample?: OnlineVector | ChurnError | null;
}

/**
 * Checks the schemas of the offline store, the online store and the serving model against each
 * other and against the code's. No model yet is a warning, since one can be trained later; missing
 * features are a failure.
 */
export async function validateSchemas(options: ValidateSchemasOptions): Promise<SchemaVerdict> {
  const checks = [
    ...(await checkOffline(options)),
    ...checkOnline(options),
    ...checkModel(options.model, options.expected),
  ];
  const worst = (['fail', 'warn'] as const).find((s) => checks.some(({ status }) => status === s));
  return { verdict: worst ?? 'pass', checks };
}

function check(name: SchemaCheck['name'], isRight: boolean, texts: [string, string]): SchemaCheck {
  return { name, status: isRight ? 'pass' : 'fail', message: isRight ? texts[0] : texts[1] };
}

async function checkOffline({
  offline,
  expected,
  openDuckDb,
}: ValidateSchemasOptions): Promise<SchemaCheck[]> {
  if (!offline) {
    return [{ name: 'offline_schema', status: 'fail', message: 'No partition is published.' }];
  }
  const { manifest } = offline;
  const hash = check('offline_schema', manifest.schema_hash === expected.schemaHash, [
    `Partition ${manifest.date} has the schema of this release.`,
    `Partition ${manifest.date} has schema ${short(manifest.schema_hash)}, this release has ${short(expected.schemaHash)}: backfill it.`,
  ]);
  const duckDb = await openDuckDb();
  try {
    const columns = await readColumnTypes(duckDb, offline.path);
    return [hash, checkColumns(columns, expected.columns), checkState(offline, expected)];
  } finally {
    duckDb.close();
  }
}

/** Without a state there is no list and no drift, so that it fails, as features that are missing do. */
function checkState({ manifest }: PublishedPartition, expected: ExpectedSchema): SchemaCheck {
  return check('offline_state', knowsState(manifest, expected), [
    `Partition ${manifest.date} has is_subscribed as this release defines it.`,
    `Partition ${manifest.date} has no is_subscribed column as this release defines it: backfill it.`,
  ]);
}

function checkColumns(
  actual: readonly TypedColumn[],
  expected: readonly TypedColumn[],
): SchemaCheck {
  const { missing, extra, retyped, reordered } = compareColumns(actual, expected);
  const problems = [
    ...missing.map((name) => `${name} is missing`),
    ...retyped,
    ...(reordered ? ['the columns are in a different order'] : []),
    ...extra.map((name) => `${name} is not expected`),
  ];
  const name = 'offline_columns';
  if (problems.length === 0) {
    return {
      name,
      status: 'pass',
      message: `The file has the ${expected.length} expected columns.`,
    };
  }
  // Readers select by name, so a column too many harms nobody yet.
  const isHarmless = problems.length === extra.length;
  return { name, status: isHarmless ? 'warn' : 'fail', message: `${problems.join('; ')}.` };
}

function checkOnline(options: ValidateSchemasOptions): SchemaCheck[] {
  const { online, offline, expected, onlineSample } = options;
  if (!online) {
    return [{ name: 'online_schema', status: 'fail', message: 'Nothing is published online.' }];
  }
  const hash = check('online_schema', online.schema_hash === expected.schemaHash, [
    'The online store has the schema of this release.',
    `The online store has schema ${short(online.schema_hash)}, this release has ${short(expected.schemaHash)}: sync again.`,
  ]);
  return [
    hash,
    checkOnlineState(online, expected),
    ...(offline ? [checkAgreement(offline, online)] : []),
    ...(onlineSample ? [checkVector(onlineSample, expected)] : []),
  ];
}

/** A warning: predictions are served, and say that they don't know who is eligible. */
function checkOnlineState(
  online: OnlineMeta,
  { state, definitionHashes }: ExpectedSchema,
): SchemaCheck {
  const name = 'online_state';
  const wanted = onlineStateHash(definitionHashes[state.name] ?? '');
  return online.state_hash === wanted
    ? {
        name,
        status: 'pass',
        message: 'The online store has is_subscribed as this release defines it.',
      }
    : {
        name,
        status: 'warn',
        message:
          'The online store has no is_subscribed as this release defines it: sync a partition that has it.',
      };
}

/** Behind is a warning: what is served is whole but older. Ahead is usual when an old day is run. */
function checkAgreement({ manifest }: PublishedPartition, online: OnlineMeta): SchemaCheck {
  const name = 'online_matches_offline';
  if (online.schema_hash !== manifest.schema_hash) {
    const message = `The online schema is ${short(online.schema_hash)}, but the offline schema is ${short(manifest.schema_hash)}.`;
    return { name, status: 'fail', message };
  }
  const isBehind =
    online.feature_time < manifest.feature_time ||
    (online.feature_time === manifest.feature_time && online.revision < manifest.revision);
  return isBehind
    ? {
        name,
        status: 'warn',
        message: `Online features are of ${online.feature_time} revision ${online.revision}, older than partition ${manifest.date} revision ${manifest.revision}.`,
      }
    : { name, status: 'pass', message: 'The online and offline schemas are the same.' };
}

function checkVector(
  vector: OnlineVector | ChurnError,
  { features, schemaHash }: ExpectedSchema,
): SchemaCheck {
  if (isChurnError(vector)) {
    return { name: 'online_vector', status: 'fail', message: vector.message };
  }
  const found = Object.keys(vector.features).join(', ');
  const wanted = features.map(({ name }) => name).join(', ');
  const mistyped = features.filter(({ name, type }) => !isOfType(vector.features[name], type));
  const problems = [
    ...(vector.schema_hash === schemaHash ? [] : [`schema ${short(vector.schema_hash)}`]),
    ...(found === wanted ? [] : [`features ${found} instead of ${wanted}`]),
    ...(found === wanted ? mistyped.map(({ name, type }) => `${name} is not a ${type}`) : []),
  ];
  return check('online_vector', problems.length === 0, [
    'A sample vector from the online store has the right features, order and types.',
    `A sample vector from the online store is wrong: ${problems.join('; ')}.`,
  ]);
}

function isOfType(value: number | boolean | undefined, type: string): boolean {
  if (type === 'bool') return typeof value === 'boolean';
  return type === 'int32' ? Number.isInteger(value) : Number.isFinite(value);
}

function checkModel(
  model: ValidateSchemasOptions['model'],
  expected: ExpectedSchema,
): SchemaCheck[] {
  const { schemaHash } = expected;
  if (!model)
    return [{ name: 'model_schema', status: 'warn', message: 'No model is serving yet.' }];
  const { version } = model;
  return [
    check('model_schema', model.schemaHash === schemaHash, [
      `Model ${version} has the schema of this release.`,
      `Model ${version} has schema ${short(model.schemaHash)}, this release has ${short(schemaHash)}: retrain, or roll back.`,
    ]),
    checkEligibility(model, expected),
  ];
}

/** A warning: the model serves, but drift has no reference until the next training. */
function checkEligibility(
  { version, eligibilityHashes }: NonNullable<ValidateSchemasOptions['model']>,
  expected: ExpectedSchema,
): SchemaCheck {
  const name = 'model_eligibility';
  return isSameEligibility(eligibilityHashes, expected)
    ? {
        name,
        status: 'pass',
        message: `Model ${version} was trained on the users who are eligible now.`,
      }
    : {
        name,
        status: 'warn',
        message: `Model ${version} was not trained on the users who are eligible now: retrain.`,
      };
}

function short(hash: string): string {
  return hash.slice(0, 12);
}
