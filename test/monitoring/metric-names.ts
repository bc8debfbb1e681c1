import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parser } from '@prometheus-io/lezer-promql';
import { parse } from 'yaml';

export interface AlertRule {
  readonly alert: string;
  readonly expr: string;
  readonly for?: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

export interface Panel {
  readonly id: number;
  readonly title: string;
  readonly type: string;
  readonly gridPos: {
    readonly x: number;
    readonly y: number;
    readonly w: number;
    readonly h: number;
  };
  readonly targets?: readonly { readonly refId: string; readonly expr: string }[];
}

/** The path of a file of monitoring/. */
export const fileOf = (name: string) => path.resolve(__dirname, '../../monitoring', name);

const textOf = (name: string) => readFileSync(fileOf(name), 'utf8');

export function readAlertRules(): AlertRule[] {
  const { groups } = parse(textOf('prometheus-rules.yml')) as {
    groups: { name: string; rules: AlertRule[] }[];
  };
  return groups.flatMap(({ rules }) => rules);
}

export function readDashboard(): { readonly panels: readonly Panel[] } {
  return JSON.parse(textOf('grafana-dashboard.json')) as { panels: Panel[] };
}

/** Every query of the dashboard and the rules, with the interval that Grafana fills in. */
export function readQueries(): string[] {
  const targets = readDashboard().panels.flatMap((panel) => panel.targets ?? []);
  const exprs = [...readAlertRules(), ...targets].map(({ expr }) => expr);
  return exprs.map((expr) => expr.replaceAll('$__rate_interval', '5m'));
}

/**
 * The metrics that a PromQL query asks for, by the grammar of Prometheus itself.
 *
 * @throws SyntaxError where the query is none
 */
export function metricNamesOf(query: string): string[] {
  const names: string[] = [];
  parser.parse(query).iterate({
    enter(node) {
      const text = query.slice(node.from, node.to);
      if (node.type.isError) throw new SyntaxError(`no PromQL at ${node.from}: ${query}`);
      const isMetric = node.name === 'Identifier' && node.node.parent?.name === 'VectorSelector';
      if (isMetric) names.push(text);
    },
  });
  return names;
}
