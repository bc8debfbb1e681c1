import type { FeatureWording } from '../../features';

export interface FeatureValue {
  readonly name: string;
  readonly value: number;
  /** Of the definition; absent or without words for the value: `<name> is <value>`. */
  readonly wording?: FeatureWording;
}

/** A reason for people: `3 failed payments in 30 days: +0.8`, the number being log-odds. */
export function reasonText({ name, value, wording }: FeatureValue, contribution: number): string {
  const words = wordsFor(value, wording) ?? `${name} is {n}`;
  return `${words.replace('{n}', decimal(value))}: ${signed(contribution)}`;
}

function wordsFor(value: number, wording: FeatureWording = {}): string | undefined {
  if (value === 0) return wording.zero ?? wording.other;
  if (value === 1) return wording.one ?? wording.other;
  return wording.other;
}

/** At most two decimals, without trailing zeros. */
function decimal(value: number): string {
  return String(Math.round(value * 100) / 100);
}

function signed(value: number): string {
  const text = value.toFixed(1);
  if (Number(text) === 0) return value.toFixed(2).replace(/^(?!-)/, '+');
  return value > 0 ? `+${text}` : text;
}
