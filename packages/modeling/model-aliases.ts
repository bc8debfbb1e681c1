import { randomUUID } from 'node:crypto';
import { open, readFile } from 'node:fs/promises';
import path from 'node:path';
import { formatInstant, type EpochMicros } from '../instants';
import { replaceDurably, systemCode } from './durable-files';
import type { ModelAliases, ModelEvent, ModelVersion } from './model-documents';

const ALIASES_FILE = 'aliases.json';
const EVENTS_FILE = 'events.jsonl';

/** What changing a registry needs from outside. */
export interface RegistryPorts {
  readonly modelsDir: string;
  /** The moment that events carry. */
  readonly now: () => EpochMicros;
  /** Mirrors each event, for example into ops.model_events; events.jsonl is the truth. */
  readonly recordEvent?: (event: ModelEvent) => Promise<void>;
}

/** aliases.json. */
interface AliasState extends ModelAliases {
  readonly format_version: 1;
  /** Versions whose promotion was carried out or refused: never done twice. */
  readonly decided: readonly ModelVersion[];
  /** Events of the last change: it is they that a crash may have kept out of events.jsonl. */
  readonly last_events: readonly ModelEvent[];
}

const emptyState: AliasState = {
  format_version: 1,
  champion: null,
  challenger: null,
  previous: null,
  decided: [],
  last_events: [],
};

export async function readAliases(modelsDir: string): Promise<ModelAliases> {
  const { champion, challenger, previous } = await readState(modelsDir);
  return { champion, challenger, previous };
}

/** The event log, oldest first. */
export async function readModelEvents(modelsDir: string): Promise<ModelEvent[]> {
  const text = await readText(path.join(modelsDir, EVENTS_FILE));
  const lines = (text ?? '').split('\n').filter((line) => line.endsWith('}'));
  return lines.map((line) => JSON.parse(line) as ModelEvent);
}

/** Versions whose promotion was carried out or refused, in that order. */
export async function decidedVersions(modelsDir: string): Promise<readonly ModelVersion[]> {
  return (await readState(modelsDir)).decided;
}

export interface AliasChange {
  readonly aliases: Partial<ModelAliases>;
  /** A version whose promotion is thereby settled. */
  readonly decides?: ModelVersion;
  readonly events: readonly Pick<ModelEvent, 'action' | 'version' | 'reason'>[];
}

/**
 * Moves aliases and logs why. The caller holds the registry's lock. The aliases change in one
 * rename that carries the events with it; they then go to events.jsonl, and a crash in between is
 * made good by the next change.
 */
export async function changeAliases(
  ports: RegistryPorts,
  decide: (current: ModelAliases) => AliasChange,
): Promise<readonly ModelEvent[]> {
  const { modelsDir } = ports;
  const current = await readState(modelsDir);
  await logEvents(ports, current.last_events);
  const change = decide(current);
  const at = formatInstant(ports.now());
  const events = change.events.map((event) => ({
    event_id: randomUUID(),
    at,
    action: event.action,
    version: event.version,
    previous: current.champion,
    reason: event.reason,
  }));
  const decided = change.decides ? [...current.decided, change.decides] : current.decided;
  const next: AliasState = { ...current, ...change.aliases, decided, last_events: events };
  await replaceDurably(path.join(modelsDir, ALIASES_FILE), `${JSON.stringify(next, null, 2)}\n`);
  await logEvents(ports, events);
  return events;
}

/** Appends the events that are not in the log yet. */
async function logEvents(ports: RegistryPorts, events: readonly ModelEvent[]): Promise<void> {
  if (events.length === 0) return;
  const file = path.join(ports.modelsDir, EVENTS_FILE);
  const text = (await readText(file)) ?? '';
  const fresh = events.filter((event) => !text.includes(event.event_id));
  if (fresh.length === 0) return;
  const handle = await open(file, 'a');
  try {
    // A crash may have left half a line: the next one starts on its own.
    const start = text === '' || text.endsWith('\n') ? '' : '\n';
    await handle.writeFile(start + fresh.map((event) => `${JSON.stringify(event)}\n`).join(''));
    await handle.sync();
  } finally {
    await handle.close();
  }
  for (const event of fresh) await ports.recordEvent?.(event);
}

async function readState(modelsDir: string): Promise<AliasState> {
  const text = await readText(path.join(modelsDir, ALIASES_FILE));
  return text === undefined ? emptyState : { ...emptyState, ...(JSON.parse(text) as AliasState) };
}

async function readText(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}
