import { AUDIT_EXAMPLES_MAX, type AuditReport } from '../../contracts';
import type { ModelEvent } from '../model-documents';
import type { ModelEventLog } from './model-event-log';
import { noAliases, readReplaceableAliases } from './published-aliases';
import { compareWithManifest, listVersions, versionDirectory } from './version-directory';

/**
 * Counts files and names those that are not equal, such as `missing: v002/model.json`. Re-hashes every file of every version and compares it with the version's manifest, and the
 * registry with its events: a version that was registered and is gone counts as one missing, one that
 * was never registered as one extra, and aliases that are not those of the last event as mismatched.
 *
 * @throws ChurnError POSTGRES_UNAVAILABLE
 */
export async function auditModels(
  modelsDir: string,
  eventLog: ModelEventLog,
): Promise<AuditReport> {
  const counts = { equal: 0, missing: 0, extra: 0, mismatched: 0, not_comparable: 0 };
  const examples: string[] = [];
  const find = (kind: 'missing' | 'extra' | 'mismatched', what: string) => {
    counts[kind] += 1;
    if (examples.length < AUDIT_EXAMPLES_MAX) examples.push(`${kind}: ${what}`);
  };
  const versions = await listVersions(modelsDir);
  for (const version of versions) {
    const comparison = await compareWithManifest(versionDirectory(modelsDir, version));
    counts.equal += comparison.equal.length;
    for (const kind of ['missing', 'extra', 'mismatched'] as const) {
      for (const name of comparison[kind]) find(kind, `${version}/${name}`);
    }
  }
  const events = await eventLog.inTransaction((tx) => tx.list());
  const registered = new Set(events.map(({ version }) => version));
  for (const version of registered) if (!versions.includes(version)) find('missing', version);
  for (const version of versions) {
    if (!registered.has(version)) find('extra', `${version} is in no event of the registry`);
  }
  const difference = await comparePublished(modelsDir, events.at(-1));
  if (difference === undefined) counts.equal += events.length > 0 ? 1 : 0;
  else find('mismatched', difference);
  return { ...counts, examples };
}

/** What is wrong with aliases.json; undefined: it is the copy of the last event's aliases. */
async function comparePublished(
  modelsDir: string,
  last: ModelEvent | undefined,
): Promise<string | undefined> {
  const { event, aliases } = await readReplaceableAliases(modelsDir);
  const number = last?.number ?? 0;
  if (event !== number) return `aliases.json is of event ${event}, the last one is ${number}`;
  const wanted = last?.aliases ?? noAliases;
  const names = ['champion', 'challenger', 'previous'] as const;
  const isSame = names.every((name) => aliases[name] === wanted[name]);
  return isSame ? undefined : `aliases.json differs from event ${number}`;
}
