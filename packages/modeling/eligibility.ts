import { onlineStateHash, type OnlineVector, type PartitionManifest } from '../contracts';
import { quoteIdentifier } from '../duckdb';
import type { ModelSchema } from './model-documents';

/**
 * Who is predicted: users who are in the state (subscribed) and whose `eligibleBy` feature is above
 * 0 (in the release's features, a session in (T − 30 d, T]). The others have left, or are dormant.
 */
export type Eligibility = Pick<ModelSchema, 'state' | 'eligibleBy' | 'definitionHashes'>;

export type IneligibleReason = 'left' | 'dormant';

interface Rule {
  readonly column: string;
  readonly reason: IneligibleReason;
}

/**
 * The one definition: a user is eligible whose columns are all above 0 (booleans as 0 and 1); of
 * anybody else the first column that is not says why. SQL and memory both follow from it.
 */
function rulesOf({ state, eligibleBy }: Eligibility): readonly Rule[] {
  return [
    { column: state.name, reason: 'left' },
    { column: eligibleBy, reason: 'dormant' },
  ];
}

/** The columns of a partition that decide. */
export function eligibilityColumns(eligibility: Eligibility): string[] {
  return rulesOf(eligibility).map(({ column }) => column);
}

/**
 * For rows of a partition; null where a value is null and no other one decides.
 *
 * @param isThere  Which columns the rows have, should one be missing that ought to be there: such
 *   a one then decides nothing.
 */
export function eligibleCondition(
  eligibility: Eligibility,
  isThere: (column: string) => boolean = () => true,
): string {
  const conditions = eligibilityColumns(eligibility).filter(isThere).map(isAboveZero);
  return ['true', ...conditions].join(' AND ');
}

/** For rows of a partition: an `IneligibleReason`, or null for an eligible row. */
export function ineligibleReasonSql(eligibility: Eligibility): string {
  const cases = rulesOf(eligibility).map(
    ({ column, reason }) => `WHEN NOT coalesce(${isAboveZero(column)}, false) THEN '${reason}'`,
  );
  return `CASE ${cases.join(' ')} END`;
}

function isAboveZero(column: string): string {
  return `try_cast(${quoteIdentifier(column)} AS DOUBLE) > 0`;
}

/** What an answer about one user says of it. */
export interface EligibilityAnswer {
  /** Null: the user's online value does not say whether the user is subscribed. */
  readonly eligible: boolean | null;
  readonly ineligible_reason: IneligibleReason | null;
}

type StatedVector = Pick<OnlineVector, 'features' | 'is_subscribed' | 'state_hash'>;

const eligible: EligibilityAnswer = { eligible: true, ineligible_reason: null };
const notKnown: EligibilityAnswer = { eligible: null, ineligible_reason: null };

/** Makes the function that judges online values; a state of another definition is not known. */
export function createEligibilityCheck(
  eligibility: Eligibility,
): (vector: StatedVector) => EligibilityAnswer {
  const rules = rulesOf(eligibility).map(({ column, reason }) => ({
    column,
    refusal: { eligible: false, ineligible_reason: reason } as const,
  }));
  const stateName = eligibility.state.name;
  const stateHash = onlineStateHash(eligibility.definitionHashes[stateName] ?? '');
  return ({ features, is_subscribed: state, state_hash: hash }) => {
    if (state === undefined || hash !== stateHash) return notKnown;
    for (const { column, refusal } of rules) {
      const value = column === stateName ? state : features[column];
      if (!(Number(value ?? 0) > 0)) return refusal;
    }
    return eligible;
  };
}

/** Whether a partition says who is subscribed, in the meaning that is asked for. */
export function knowsState(
  { definition_hashes: hashes }: Pick<PartitionManifest, 'definition_hashes'>,
  { state, definitionHashes }: Eligibility,
): boolean {
  const found = hashes[state.name];
  return found !== undefined && found === definitionHashes[state.name];
}

export function describeEligibility({ state, eligibleBy }: Eligibility): string {
  return `${state.name} and ${eligibleBy} > 0`;
}

/** Definition hashes of the deciding columns, by name in the order in which they decide. */
export type EligibilityHashes = Readonly<Record<string, string>>;

export function eligibilityHashes(eligibility: Eligibility): EligibilityHashes {
  const { definitionHashes } = eligibility;
  return Object.fromEntries(
    eligibilityColumns(eligibility).map((column) => [column, definitionHashes[column] ?? '']),
  );
}

/** Whether a model's record (none: it was made before there was one) is of this eligibility. */
export function isSameEligibility(
  recorded: EligibilityHashes | null | undefined,
  eligibility: Eligibility,
): boolean {
  if (!recorded) return false;
  const wanted = eligibilityHashes(eligibility);
  const names = new Set([...Object.keys(recorded), ...Object.keys(wanted)]);
  return [...names].every((name) => recorded[name] === wanted[name]);
}
