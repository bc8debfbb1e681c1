import { randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { makeFolder } from '../../durable-files';
import { formatInstant, type EpochMicros } from '../../instants';
import type { ModelAliases, ModelEvent, ModelVersion } from '../model-documents';
import { aliasesAfter, numberFormerEvents, readFormerEvents } from './former-registry';
import type { FormerEvent, ModelEventLog, ModelEventTransaction } from './model-event-log';
import {
  publishStagedAliases,
  readReplaceableAliases,
  stageAliases,
  type PublishedAliases,
} from './published-aliases';
import { stagingIn } from './publish-version';
import { SHORT_WAIT_MILLIS, withRegistryLock } from './registry-lock';

/** What changing a registry needs from outside. */
export interface RegistryPorts {
  readonly modelsDir: string;
  /** The moment that events carry. */
  readonly now: () => EpochMicros;
  /** The truth; the files in `modelsDir` are copies for readers. */
  readonly eventLog: ModelEventLog;
}

export interface RegistryState {
  /** The number of the last event; 0: there is none. */
  readonly event: number;
  readonly aliases: ModelAliases;
  /** By number. */
  readonly events: readonly ModelEvent[];
}

export type RegistryAction = Pick<ModelEvent, 'action' | 'version' | 'reason'>;

/**
 * Changes a registry: decides on its present state, keeps the events in Postgres, then publishes the
 * aliases after them. The caller holds the registry's lock. Whatever fails before Postgres has the
 * events changes nothing; a crash after that is made good by the next look (`publishRegistry`).
 *
 * @param decide What is to happen, in this order; nothing where the state is as it should be.
 * @returns The state after it.
 * @throws ChurnError POSTGRES_UNAVAILABLE, STORAGE_UNAVAILABLE, and what `decide` throws
 */
export async function changeRegistry(
  { modelsDir, now, eventLog }: RegistryPorts,
  decide: (state: RegistryState) => Promise<readonly RegistryAction[]>,
): Promise<RegistryState> {
  const published = await readReplaceableAliases(modelsDir);
  await makeFolder(modelsDir);
  const staged = stagingIn(modelsDir);
  try {
    const after = await eventLog.inTransaction(async (tx) => {
      const before = await presentState(tx, modelsDir, published);
      const events = eventsOf(await decide(before), before, formatInstant(now()));
      if (events.length > 0) await tx.append(events);
      const { number: event, aliases } = events.at(-1) ?? { ...before, number: before.event };
      const state = { event, aliases, events: [...before.events, ...events] };
      if (isUnpublished(state, published)) await stageAliases(staged, state);
      return state;
    });
    // The change is in force, whatever becomes of the copy: it is published by a later look.
    if (isUnpublished(after, published)) {
      await publishStagedAliases(modelsDir, staged).catch(() => {});
    }
    return after;
  } finally {
    await rm(staged, { force: true });
  }
}

function isUnpublished({ event }: { readonly event: number }, published: PublishedAliases) {
  return event > published.event;
}

/**
 * The state that Postgres has; or the published one, where it is the later: Postgres was restored
 * from a backup then, and what serves stays what a change starts from.
 */
async function presentState(
  tx: ModelEventTransaction,
  modelsDir: string,
  published: PublishedAliases,
): Promise<RegistryState> {
  const numbered = await tx.list();
  const adopted = await adoptFormerEvents(tx, { modelsDir, published, numbered });
  const events = [...numbered, ...adopted];
  const last = events.at(-1);
  if (!last || published.event > last.number) {
    return { event: published.event, aliases: published.aliases, events };
  }
  return { event: last.number, aliases: last.aliases, events };
}

/** Numbers, once, the events that an earlier release left in Postgres and in files. */
async function adoptFormerEvents(
  tx: ModelEventTransaction,
  input: {
    readonly modelsDir: string;
    readonly published: PublishedAliases;
    readonly numbered: readonly ModelEvent[];
  },
): Promise<ModelEvent[]> {
  const { modelsDir, published, numbered } = input;
  // The files were the truth until the first event had a number, and are not asked again after it.
  const isAsked = numbered.length === 0;
  const inFiles: readonly FormerEvent[] = isAsked ? await readFormerEvents(modelsDir) : [];
  const ids = new Set(inFiles.map((event) => event.event_id));
  const isElsewhere = (event: FormerEvent) => !ids.has(event.event_id);
  const unnumbered = await tx.listUnnumbered();
  const former = [...unnumbered.filter(isElsewhere), ...inFiles];
  const inForce = inFiles.length > 0 && published.isFormer ? published.aliases : undefined;
  const adopted = numberFormerEvents(former, numbered.at(-1), inForce);
  if (adopted.length > 0) await tx.append(adopted);
  return adopted;
}

function eventsOf(
  actions: readonly RegistryAction[],
  before: RegistryState,
  at: string,
): ModelEvent[] {
  let { event: number, aliases } = before;
  return actions.map(({ action, version, reason }) => {
    const previous = aliases.champion;
    number += 1;
    aliases = aliasesAfter(aliases, { action, version });
    return { number, event_id: randomUUID(), at, action, version, previous, reason, aliases };
  });
}

/** Versions that were registered, promoted or refused: settled, and their numbers taken. */
export function settledVersions({ events, aliases }: RegistryState): ReadonlySet<ModelVersion> {
  const { champion, challenger, previous } = aliases;
  const named = [champion, challenger, previous].filter((version) => version !== null);
  return new Set([...events.map(({ version }) => version), ...named]);
}

/**
 * Whether Postgres may have had events about a version and lost them: numbers are missing after it was
 * made, because Postgres was restored from a backup that is older than the published aliases.
 *
 * @param createdAt  An instant as metadata.json has it.
 */
export function mayHaveLostEvents({ event, events }: RegistryState, createdAt: string): boolean {
  const lastNumber = events.at(-1)?.number ?? 0;
  if (event > lastNumber) return true;
  return events.some(({ number, at }, index) => {
    const before = events[index - 1]?.number ?? 0;
    return number > before + 1 && at >= createdAt;
  });
}

/**
 * Publishes what Postgres has and the files don't: what a crash kept from being published, and the
 * events of an earlier release. Cheap where there is nothing to do, and safe to repeat.
 *
 * @throws ChurnError POSTGRES_UNAVAILABLE, STORAGE_UNAVAILABLE, LOCK_HELD
 */
export async function publishRegistry(ports: RegistryPorts): Promise<void> {
  const { event, isFormer } = await readReplaceableAliases(ports.modelsDir);
  const { number, hasUnnumbered } = await ports.eventLog.latest();
  if (!isFormer && !hasUnnumbered && number <= event) return;
  const publish = () => changeRegistry(ports, async () => []);
  await withRegistryLock(ports.modelsDir, publish, SHORT_WAIT_MILLIS);
}
