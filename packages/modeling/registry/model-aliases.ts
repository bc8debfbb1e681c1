import { randomUUID } from 'node:crypto';
import path from 'node:path';
import { formatInstant, type EpochMicros } from '../../instants';
import { appendDurably, readTextIfThere, replaceDurably } from '../../durable-files';
import type { ModelAliases, ModelEvent, ModelVersion } from '../model-documents';

const ALIASES_FILE = 'aliases.json';
const EVENTS_FILE = 'events.jsonl';

/** What changing a registry needs from outside. */
export interface RegistryPorts {
  readonly modelsDir: string;
  /** The moment that events carry. */
  readonly now: () => EpochMicros;
  /**
   * Mirrors events, for example into ops.model_events; events.jsonl is the truth. At least once:
   * the next change tells the last events again, so `event_id` has to make a repetition harmless.
   * What it throws is raised after the change is done.
   */
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
  const text = await readTextIfThere(path.join(modelsDir, EVENTS_FILE));
  return parseEvents(text ?? '');
}

/** The whole lines; one that a crash cut off is left out, and was logged again after it. */
function parseEvents(text: string): ModelEvent[] {
  return text.split('\n').flatMap((line) => {
    try {
      return [JSON.parse(line) as ModelEvent];
    } catch {
      return [];
    }
  });
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
  // First, because the next rename forgets them.
  await logEvents(modelsDir, current.last_events);
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
  await logEvents(modelsDir, events);
  for (const event of [...current.last_events, ...events]) await ports.recordEvent?.(event);
  return events;
}

/** Appends the events that are not in the log yet. */
async function logEvents(modelsDir: string, events: readonly ModelEvent[]): Promise<void> {
  const file = path.join(modelsDir, EVENTS_FILE);
  const text = (await readTextIfThere(file)) ?? '';
  const logged = new Set(parseEvents(text).map((event) => event.event_id));
  const fresh = events.filter((event) => !logged.has(event.event_id));
  if (fresh.length === 0) return;
  // A crash may have left half a line: the next one starts on its own.
  const start = text === '' || text.endsWith('\n') ? '' : '\n';
  const lines = fresh.map((event) => `${JSON.stringify(event)}\n`);
  await appendDurably(file, start + lines.join(''));
}

async function readState(modelsDir: string): Promise<AliasState> {
  const text = await readTextIfThere(path.join(modelsDir, ALIASES_FILE));
  return text === undefined ? emptyState : { ...emptyState, ...(JSON.parse(text) as AliasState) };
}
