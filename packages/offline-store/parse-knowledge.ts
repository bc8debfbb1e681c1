import type { Knowledge, LabelKnowledge } from '../contracts';
import type { Grid } from '../features';
import { parseInstant } from '../instants';

/** (K, S) as the engines take it: the instant in microseconds. */
export function parseKnowledge({ at, batch }: Knowledge): Grid['knowledge'][number] {
  return { at: parseInstant(at), batch };
}

/** (L, S) and how far the source was complete, as the engines take them. */
export function parseLabelKnowledge(label: LabelKnowledge): Grid['label'] {
  const { completeThrough } = label;
  return {
    ...parseKnowledge(label),
    completeThrough: completeThrough === null ? null : parseInstant(completeThrough),
  };
}
