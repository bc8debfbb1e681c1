import { ChurnError, isChurnError } from '../../contracts';
import {
  changeRegistry,
  mayHaveLostEvents,
  settledVersions,
  type RegistryAction,
  type RegistryPorts,
  type RegistryState,
} from './change-registry';
import { noAliases, readAliases } from './published-aliases';
import type {
  ChampionChange,
  ChampionMoveRequest,
  ModelAliases,
  DamagedModelSummary,
  ModelMetadata,
  ModelSummary,
  ModelVersion,
} from '../model-documents';
import { SHORT_WAIT_MILLIS, withRegistryLock } from './registry-lock';
import { loadServingModel } from './load-serving-model';
import {
  compareWithManifest,
  listVersions,
  readMetadata,
  versionDirectory,
} from './version-directory';

/** Every version, by number. */
export async function listModels(
  modelsDir: string,
): Promise<(ModelSummary | DamagedModelSummary)[]> {
  const aliases = await readAliases(modelsDir);
  const versions = await listVersions(modelsDir);
  return Promise.all(versions.map((version) => summarise(modelsDir, version, aliases)));
}

async function summarise(
  modelsDir: string,
  version: ModelVersion,
  aliases: ModelAliases,
): Promise<ModelSummary | DamagedModelSummary> {
  const names = ['champion', 'challenger', 'previous'] as const;
  const named = names.filter((name) => aliases[name] === version);
  const metadata = await readMetadata(modelsDir, version).catch(asDamage);
  if (isChurnError(metadata)) {
    return { version, aliases: named, status: 'damaged', problem: metadata.message };
  }
  return {
    version,
    aliases: named,
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

function asDamage(error: unknown): ChurnError {
  if (isChurnError(error) && error.code === 'CORRUPT_MODEL') return error;
  throw error;
}

/**
 * metadata.json of a version, or of an alias (`champion`, `challenger`, `previous`).
 *
 * @throws ChurnError MODEL_NOT_FOUND, CORRUPT_MODEL; for an alias also NO_MODEL where it names none,
 *   CORRUPT_FILE
 */
export async function showModel(modelsDir: string, versionOrAlias: string): Promise<ModelMetadata> {
  if (!isAlias(versionOrAlias)) return readMetadata(modelsDir, versionOrAlias);
  const version = (await readAliases(modelsDir))[versionOrAlias];
  if (version === null) throw new ChurnError('NO_MODEL');
  return readMetadata(modelsDir, version);
}

/**
 * The published champion; null where there is none, or where its folder is gone: in the place of a
 * data directory that was lost, the aliases are published again from Postgres, and the folders are not.
 *
 * @throws ChurnError CORRUPT_FILE
 */
export async function findChampion(modelsDir: string): Promise<ModelVersion | null> {
  const { champion } = await readAliases(modelsDir);
  if (champion === null) return null;
  return (await listVersions(modelsDir)).includes(champion) ? champion : null;
}

function isAlias(text: string): text is keyof ModelAliases {
  return Object.hasOwn(noAliases, text);
}

export interface ChampionMove extends RegistryPorts, ChampionMoveRequest {
  /** Of the features that are served; a model of another schema is not promoted. */
  readonly schemaHash: string;
}

/**
 * Makes a version the champion, by hand, in the place of the one that the caller saw. It is loaded as
 * serving would load it first, so that a model that can't serve can't be promoted. Where it is the
 * champion already, nothing changes: a caller who lost the answer may repeat the request.
 *
 * @throws ChurnError CHAMPION_CHANGED, MODEL_NOT_FOUND, CORRUPT_MODEL, SCHEMA_MISMATCH,
 *   POSTGRES_UNAVAILABLE, STORAGE_UNAVAILABLE, LOCK_HELD
 */
export function promoteModel(
  options: ChampionMove & { readonly version: ModelVersion },
): Promise<ChampionChange> {
  const { version, from, reason } = options;
  return moveChampion(options, async ({ aliases }) => {
    if (aliases.champion === version) return [];
    requireChampion(aliases, from);
    await requireServing(options, version);
    return [{ action: 'promote', version, reason }];
  });
}

/**
 * Makes the previous champion the champion again, in the place of the one that the caller saw; that
 * one becomes `previous`, so that a rollback from the other undoes this one. Where the last change of
 * champion was this rollback, nothing changes.
 *
 * @throws ChurnError CHAMPION_CHANGED, INVALID_REQUEST without a previous champion, CORRUPT_MODEL,
 *   SCHEMA_MISMATCH, POSTGRES_UNAVAILABLE, STORAGE_UNAVAILABLE, LOCK_HELD
 */
export function rollbackModel(options: ChampionMove): Promise<ChampionChange> {
  const { from, reason } = options;
  return moveChampion(options, async (state) => {
    if (isRolledBackFrom(state, from)) return [];
    requireChampion(state.aliases, from);
    const { previous } = state.aliases;
    if (previous === null) throw new ChurnError('NO_PREVIOUS_CHAMPION');
    await requireServing(options, previous);
    return [{ action: 'rollback', version: previous, reason }];
  });
}

function moveChampion(
  ports: RegistryPorts,
  decide: (state: RegistryState) => Promise<readonly RegistryAction[]>,
): Promise<ChampionChange> {
  const change = async () => {
    let changed = false;
    const { aliases } = await changeRegistry(ports, async (state) => {
      const actions = await decide(state);
      changed = actions.length > 0;
      return actions;
    });
    const { champion, challenger, previous } = aliases;
    return { champion, challenger, previous, changed };
  };
  return withRegistryLock(ports.modelsDir, change, SHORT_WAIT_MILLIS);
}

function isRolledBackFrom({ events, aliases }: RegistryState, from: ModelVersion | null): boolean {
  const last = events.findLast(({ action }) => action === 'promote' || action === 'rollback');
  return last?.action === 'rollback' && last.previous === from && last.version === aliases.champion;
}

function requireChampion({ champion }: ModelAliases, from: ModelVersion | null): void {
  if (champion === from) return;
  throw new ChurnError('CHAMPION_CHANGED', { champion: champion ?? 'none', from: from ?? 'none' });
}

async function requireServing(
  { modelsDir, schemaHash }: ChampionMove,
  version: ModelVersion,
): Promise<void> {
  await loadServingModel({ modelsDir, schemaHash, version });
}

/**
 * Carries out what the gate decided about a version that was published a moment ago, once. The caller
 * holds the lock.
 *
 * A decision rests on the champion of then; with another one by now, the version is not promoted.
 */
export function settlePromotion(
  ports: RegistryPorts,
  version: ModelVersion,
  { promotion }: Pick<ModelMetadata, 'promotion'>,
): Promise<RegistryState> {
  return settle(ports, version, (state) => decisionOn(state, version, promotion));
}

/**
 * Carries out what the gate decided about a version that lies there, where a crash came between
 * publishing and that. Where its events may have been lost with a database that was restored from an
 * older backup, the version is only known again: its decision may have been carried out, and taken back
 * by a person since. The caller holds the lock.
 */
export function settleEarlierVersion(
  ports: RegistryPorts,
  version: ModelVersion,
  { promotion, created_at }: Pick<ModelMetadata, 'promotion' | 'created_at'>,
): Promise<RegistryState> {
  return settle(ports, version, (state) =>
    mayHaveLostEvents(state, created_at)
      ? [{ action: 'register', version, reason: 'known again: its events were lost' }]
      : decisionOn(state, version, promotion),
  );
}

function settle(
  ports: RegistryPorts,
  version: ModelVersion,
  decide: (state: RegistryState) => readonly RegistryAction[],
): Promise<RegistryState> {
  return changeRegistry(ports, async (state) =>
    settledVersions(state).has(version) ? [] : decide(state),
  );
}

function decisionOn(
  { aliases: { champion } }: RegistryState,
  version: ModelVersion,
  promotion: ModelMetadata['promotion'],
): readonly RegistryAction[] {
  const isCurrent = champion === promotion.champion;
  const isPromoted = promotion.promoted && isCurrent;
  const reason =
    isCurrent || !promotion.promoted
      ? promotion.reason
      : `not promoted: ${champion ?? 'no model'} became the champion meanwhile`;
  return [
    { action: 'register', version, reason: 'trained' },
    { action: isPromoted ? 'promote' : 'reject', version, reason },
  ];
}

/**
 * Settles the versions that were published and, because of a crash, never registered, oldest first.
 * One that is damaged stays as it is, for the audit to name. The caller holds the lock.
 */
export async function settleUnregistered(ports: RegistryPorts): Promise<RegistryState> {
  let state = await changeRegistry(ports, async () => []);
  for (const version of await listVersions(ports.modelsDir)) {
    if (settledVersions(state).has(version)) continue;
    const { missing, mismatched } = await compareWithManifest(
      versionDirectory(ports.modelsDir, version),
    );
    if (missing.length + mismatched.length > 0) continue;
    const metadata = await readMetadata(ports.modelsDir, version);
    state = await settleEarlierVersion(ports, version, metadata);
  }
  return state;
}
