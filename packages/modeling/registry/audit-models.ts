import { readModelEvents } from './model-aliases';
import { compareWithManifest, listVersions, versionDirectory } from './version-directory';

/** Counts files; `findings` names those that are not equal. */
export interface ModelAudit {
  readonly equal: number;
  readonly missing: number;
  readonly extra: number;
  readonly mismatched: number;
  readonly not_comparable: number;
  /** Such as `missing: v002/model.json`. */
  readonly findings: readonly string[];
}

/**
 * Re-hashes every file of every version and compares it with the version's manifest. A version that
 * was registered and is gone counts as one missing.
 */
export async function auditModels(modelsDir: string): Promise<ModelAudit> {
  const counts = { equal: 0, missing: 0, extra: 0, mismatched: 0, not_comparable: 0 };
  const findings: string[] = [];
  const versions = await listVersions(modelsDir);
  for (const version of versions) {
    const comparison = await compareWithManifest(versionDirectory(modelsDir, version));
    counts.equal += comparison.equal.length;
    for (const kind of ['missing', 'extra', 'mismatched'] as const) {
      counts[kind] += comparison[kind].length;
      findings.push(...comparison[kind].map((name) => `${kind}: ${version}/${name}`));
    }
  }
  const registered = (await readModelEvents(modelsDir)).map((event) => event.version);
  for (const version of new Set(registered)) {
    if (versions.includes(version)) continue;
    counts.missing += 1;
    findings.push(`missing: ${version}`);
  }
  return { ...counts, findings };
}
