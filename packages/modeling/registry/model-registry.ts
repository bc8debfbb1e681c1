import { ChurnError } from '../../contracts';
import { changeAliases, decidedVersions, readAliases, type RegistryPorts } from './model-aliases';
import type {
  ModelAliases,
  ModelEvent,
  ModelMetadata,
  ModelSummary,
  ModelVersion,
} from '../model-documents';
import { withRegistryLock } from './registry-lock';
import { loadServingModel } from './load-serving-model';
import { listVersions, readMetadata } from './version-directory';

/** Every version, by number. */
export async function listModels(modelsDir: string): Promise<ModelSummary[]> {
  const aliases = await readAliases(modelsDir);
  const versions = await listVersions(modelsDir);
  return Promise.all(versions.map((version) => summarise(modelsDir, version, aliases)));
}

async function summarise(
  modelsDir: string,
  version: ModelVersion,
  aliases: ModelAliases,
): Promise<ModelSummary> {
  const metadata = await readMetadata(modelsDir, version);
  const names = ['champion', 'challenger', 'previous'] as const;
  return {
    version,
    aliases: names.filter((name) => aliases[name] === version),
    created_at: metadata.created_at,
    as_of: metadata.as_of,
    status: metadata.status,
    solver: metadata.algorithm.solver,
    feature_schema_hash: metadata.feature_schema_hash,
    rows: metadata.data.rows,
    auc: metadata.metrics.auc,
    log_loss: metadata.metrics.log_loss,
    base_rate: metadata.metrics.base_rate,
    promotion: metadata.promotion,
  };
}

/**
 * metadata.json of a version, or of an alias (`champion`, `challenger`, `previous`).
 *
 * @throws ChurnError MODEL_NOT_FOUND, CORRUPT_MODEL; NO_MODEL for an alias that names none.
 */
export async function showModel(modelsDir: string, versionOrAlias: string): Promise<ModelMetadata> {
  const aliases = await readAliases(modelsDir);
  const version =
    versionOrAlias in aliases ? aliases[versionOrAlias as keyof ModelAliases] : versionOrAlias;
  if (version === null) throw new ChurnError('NO_MODEL');
  return readMetadata(modelsDir, version);
}

export interface AliasMoveOptions extends RegistryPorts {
  readonly reason: string;
  /** Of the features that are served; a model of another schema is not promoted. */
  readonly schemaHash: string;
}

/**
 * Makes a version the champion, by hand. It is loaded as serving would load it first, so that a
 * model that can't serve can't be promoted. Promoting the champion again changes nothing.
 *
 * @throws ChurnError MODEL_NOT_FOUND, CORRUPT_MODEL, SCHEMA_MISMATCH
 */
export function promoteModel(
  options: AliasMoveOptions & { readonly version: ModelVersion },
): Promise<ModelAliases> {
  const { version, modelsDir } = options;
  return withRegistryLock(modelsDir, async () => {
    await loadServingModel({ modelsDir, schemaHash: options.schemaHash, version });
    const current = await readAliases(modelsDir);
    if (current.champion === version) return current;
    await changeAliases(options, (aliases) => ({
      aliases: crowned(aliases, version),
      events: [{ action: 'promote', version, reason: options.reason }],
    }));
    return readAliases(modelsDir);
  });
}

/**
 * Makes the previous champion the champion again; the present one becomes `previous`, so that a
 * second rollback undoes the first.
 *
 * @throws ChurnError INVALID_REQUEST without a previous champion; CORRUPT_MODEL, SCHEMA_MISMATCH
 */
export function rollbackModel(options: AliasMoveOptions): Promise<ModelAliases> {
  const { modelsDir } = options;
  return withRegistryLock(modelsDir, async () => {
    const { previous } = await readAliases(modelsDir);
    if (previous === null) {
      const problem = 'there is no previous champion to roll back to';
      throw new ChurnError('INVALID_REQUEST', { problem });
    }
    await loadServingModel({ modelsDir, schemaHash: options.schemaHash, version: previous });
    await changeAliases(options, (aliases) => ({
      aliases: crowned(aliases, previous),
      events: [{ action: 'rollback', version: previous, reason: options.reason }],
    }));
    return readAliases(modelsDir);
  });
}

function crowned(aliases: ModelAliases, version: ModelVersion): ModelAliases {
  return {
    champion: version,
    previous: aliases.champion === version ? aliases.previous : aliases.champion,
    challenger: aliases.challenger === version ? null : aliases.challenger,
  };
}

/**
 * Carries out what the gate decided when the version was published, once: also where a crash came
 * between publishing and this. The caller holds the lock.
 *
 * A decision rests on the champion of then; with another one by now, the version is not promoted.
 */
export async function settlePromotion(
  ports: RegistryPorts,
  version: ModelVersion,
  { promotion }: Pick<ModelMetadata, 'promotion'>,
): Promise<readonly ModelEvent[]> {
  if ((await decidedVersions(ports.modelsDir)).includes(version)) return [];
  return changeAliases(ports, (aliases) => {
    const isCurrent = aliases.champion === promotion.champion;
    const isPromoted = promotion.promoted && isCurrent;
    const reason = isCurrent || !promotion.promoted ? promotion.reason : championChanged(aliases);
    const registered = { action: 'register', version, reason: 'trained' } as const;
    const decision = { action: isPromoted ? 'promote' : 'reject', version, reason } as const;
    return {
      aliases: isPromoted ? crowned(aliases, version) : { challenger: version },
      decides: version,
      events: [registered, decision],
    };
  });
}

function championChanged({ champion }: ModelAliases): string {
  return `not promoted: ${champion ?? 'no model'} became the champion meanwhile`;
}
