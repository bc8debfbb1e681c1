export interface FeatureValue {
  readonly name: string;
  readonly value: number;
}

const wording: Readonly<Record<string, (value: number) => string>> = {
  avg_sessions_7d: (value) => `${decimal(value)} sessions a day in 7 days`,
  sessions_30d: (value) => `${counted(value, 'session')} in 30 days`,
  days_since_last_login: (value) =>
    value < 1 ? 'login within the last day' : `no login for ${counted(value, 'day')}`,
  failed_payments_30d: (value) => `${counted(value, 'failed payment')} in 30 days`,
  total_spend_90d: (value) => `${decimal(value)} spent in 90 days`,
  is_pro_plan: (value) => (value === 1 ? 'on the pro plan' : 'not on the pro plan'),
};

/** A reason for people: `3 failed payments in 30 days: +0.8`, the number being log-odds. */
export function reasonText({ name, value }: FeatureValue, contribution: number): string {
  const words = wording[name]?.(value) ?? `${name} is ${decimal(value)}`;
  return `${words}: ${signed(contribution)}`;
}

function counted(value: number, noun: string): string {
  return `${value === 0 ? 'no' : decimal(value)} ${noun}${value === 1 ? '' : 's'}`;
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
