import path from 'node:path';
import { readTextIfThere } from '../../durable-files';
import type { ModelAliases, ModelEvent } from '../model-documents';
import type { FormerEvent } from './model-event-log';
import { noAliases } from './published-aliases';

/** Of an earlier release's aliases.json: the events that a crash may have kept out of events.jsonl. */
interface FormerAliases {
  readonly format_version: 1;
  readonly last_events?: readonly FormerEvent[];
}

/** What an earlier release logged in its folder, whose events.jsonl was the truth: oldest first. */
export async function readFormerEvents(modelsDir: string): Promise<FormerEvent[]> {
  const log = (await readTextIfThere(path.join(modelsDir, 'events.jsonl'))) ?? '';
  const logged = log.split('\n').flatMap((line) => parsed<FormerEvent>(line) ?? []);
  const text = (await readTextIfThere(path.join(modelsDir, 'aliases.json'))) ?? '';
  const aliases = parsed<FormerAliases>(text);
  const last = aliases?.format_version === 1 ? (aliases.last_events ?? []) : [];
  const ids = new Set(logged.map((event) => event.event_id));
  return [...logged, ...last.filter((event) => !ids.has(event.event_id))];
}

/** Undefined for what is not JSON, such as a line that a crash cut off. */
function parsed<T>(text: string): T | undefined {
  try {
    return JSON.parse(text) as T;
  } catch {
    return undefined;
  }
}

/**
 * Numbers former events after those that are numbered already, and follows the aliases through them.
 *
 * @param inForce The aliases after the last of them, where a file says so.
 */
export function numberFormerEvents(
  events: readonly FormerEvent[],
  last: Pick<ModelEvent, 'number' | 'aliases'> = { number: 0, aliases: noAliases },
  inForce?: ModelAliases,
): ModelEvent[] {
  let { number, aliases } = last;
  const numbered = events.map((event) => {
    number += 1;
    aliases = aliasesAfter(aliases, event);
    return { ...event, number, aliases };
  });
  const final = numbered.pop();
  return final ? [...numbered, { ...final, aliases: inForce ?? final.aliases }] : [];
}

/** What an action does to the aliases, the same in every release. */
export function aliasesAfter(
  aliases: ModelAliases,
  { action, version }: Pick<ModelEvent, 'action' | 'version'>,
): ModelAliases {
  if (action === 'register') return aliases;
  if (action === 'reject') return { ...aliases, challenger: version };
  return {
    champion: version,
    previous: aliases.champion === version ? aliases.previous : aliases.champion,
    challenger: aliases.challenger === version ? null : aliases.challenger,
  };
}
