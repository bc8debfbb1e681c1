import type { FeatureSet } from '../../../packages/features/feature-set';

/** packages/features/definitions/fingerprints.json: what each name has meant up to now. */
export interface Fingerprints {
  /** Per feature and label. */
  readonly definition_hashes: Readonly<Record<string, string>>;
  readonly schema_hash: string;
}

export function fingerprintsOf({ definitionHashes, schemaHash }: FeatureSet): Fingerprints {
  return { definition_hashes: definitionHashes, schema_hash: schemaHash };
}

const regenerate =
  'CHURN_UPDATE_FINGERPRINTS=1 npx jest test/packages/features/fingerprints.test.ts';

/** What is to be done about every difference; empty where there is none. */
export function fingerprintProblems(committed: Fingerprints, present: Fingerprints): string[] {
  const names = new Set([committed, present].flatMap((one) => Object.keys(one.definition_hashes)));
  const problems = [...names].flatMap((name) => {
    const [before, now] = [committed.definition_hashes[name], present.definition_hashes[name]];
    if (before === now) return [];
    if (before === undefined) return [`${name} is new: record it with ${regenerate}`];
    if (now === undefined) return [`${name} is gone: record that with ${regenerate}`];
    return [
      `${name} means something else than before under the same name. Give it a new name, such as ` +
        `${name}_v2; or, where no installation has used it yet, run ${regenerate}`,
    ];
  });
  if (problems.length > 0 || committed.schema_hash === present.schema_hash) return problems;
  return [`order, unit or type changed, and every model with it: record it with ${regenerate}`];
}
