import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { MetricMeter } from '@temporalio/common';
import request from 'supertest';
import { collectProcessMetrics } from '../../api/process-metrics';
import { alertKinds } from '../../packages/contracts/runs';
import { createWorkerMetrics } from '../../worker/worker-metrics';
import { createTestApi } from '../api/test-api';
import { metricNamesOf, readAlertRules, readDashboard, readQueries } from './metric-names';

const samplesOfHistogram = (name: string) =>
  ['bucket', 'sum', 'count'].map((part) => `${name}_${part}`);

/** Names of samples in Prometheus' text format, also of metrics that have none yet. */
function namesIn(text: string): string[] {
  return [...text.matchAll(/^# TYPE (\w+) (\w+)$/gm)].flatMap(([, name = '', type]) =>
    type === 'histogram' ? samplesOfHistogram(name) : [name],
  );
}

/** What the worker creates, by a meter that only takes note. */
function workerNames(): string[] {
  const names: string[] = [];
  const meter: MetricMeter = {
    createCounter: (name) => {
      names.push(name);
      const counter = { name, kind: 'counter', valueType: 'int', description: '' } as const;
      return { ...counter, add: () => {}, withTags: () => meter.createCounter(name) };
    },
    createGauge: (name, valueType = 'int') => {
      names.push(name);
      const gauge = { name, kind: 'gauge', valueType, description: '' } as const;
      return { ...gauge, set: () => {}, withTags: () => meter.createGauge(name) };
    },
    createHistogram: (name, valueType = 'int') => {
      names.push(...samplesOfHistogram(name));
      const histogram = { name, kind: 'histogram', valueType, description: '' } as const;
      return { ...histogram, record: () => {}, withTags: () => meter.createHistogram(name) };
    },
    withTags: () => meter,
  };
  createWorkerMetrics(meter, []);
  return names;
}

const processMetrics = collectProcessMetrics();

async function apiNames(): Promise<string[]> {
  const { app, server } = await createTestApi({}, { processMetrics });
  const { text } = await request(server).get('/metrics').expect(200);
  await app.close();
  return namesIn(text);
}

describe('monitoring/', () => {
  // Those of Temporal's SDK are compared with a running worker's in running-stack.process.test.ts.
  it('asks only for metrics that the API and the worker have', async () => {
    const known = new Set(['up', ...(await apiNames()), ...workerNames()]);
    const asked = new Set(readQueries().flatMap(metricNamesOf));
    expect(asked.size).toBeGreaterThan(20);
    expect([...asked].filter((name) => !known.has(name) && !name.startsWith('temporal_'))).toEqual(
      [],
    );
  });

  it('shows every metric of the worker, and every one of the API but the distributions', async () => {
    const asked = new Set(readQueries().flatMap(metricNamesOf));
    const names = [...workerNames(), ...(await apiNames())];
    const own = names.filter((name) => !/^churn_api_|_(sum|count|bucket)$/.test(name));
    expect(own.filter((name) => !asked.has(name))).toEqual([]);
  });

  it.each([
    ['a bracket too many', 'sum(up))'],
    ['no range', 'rate(up[)'],
    ['no operand', 'up >'],
  ])('would notice a query with %s', (_what, query) => {
    expect(() => metricNamesOf(query)).toThrow(SyntaxError);
  });
});

describe('monitoring/prometheus-rules.yml', () => {
  const rules = readAlertRules();

  it('has alerts of different names, each with a severity, what is wrong and what to do', () => {
    expect(new Set(rules.map(({ alert }) => alert)).size).toBe(rules.length);
    for (const rule of rules) {
      const { labels, annotations } = rule;
      expect(rule.alert).toMatch(/^Churn[A-Z]\w+$/);
      expect(rule.for ?? '1m').toMatch(/^\d+[smhd]$/);
      expect(Object.keys(labels)).toEqual(['severity']);
      expect(['warning', 'critical']).toContain(labels.severity);
      expect(Object.keys(annotations).sort()).toEqual(['action', 'summary']);
    }
  });

  it('has a threshold in each, so that it is quiet while all is well', () => {
    const quiet = /(==|>|<)\s*[\d.* ]+\s*$|^absent\(/;
    expect(rules.map(({ expr }) => expr).filter((expr) => !quiet.test(expr))).toEqual([]);
  });
});

describe('docs/OPERATIONS.md', () => {
  it('says of every kind of alert what it means and what to do', () => {
    const text = readFileSync(path.resolve(__dirname, '../../docs/OPERATIONS.md'), 'utf8');
    const [, section = ''] = /^## Alerts$(.*?)^## /ms.exec(text) ?? [];
    const documented = [...section.matchAll(/^\| `([a-z-]+)`/gm)].map(([, kind]) => kind);
    expect(documented.sort()).toEqual([...alertKinds].sort());
  });
});

describe('monitoring/grafana-dashboard.json', () => {
  const { panels } = readDashboard();

  it('has panels of different ids, each with queries, on a grid of 24 columns', () => {
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
    for (const { type, title, gridPos, targets } of panels) {
      expect(title).not.toBe('');
      expect(gridPos.x + gridPos.w).toBeLessThanOrEqual(24);
      if (type === 'row') continue;
      expect(new Set(targets?.map(({ refId }) => refId)).size).toBe(targets?.length);
      expect(targets?.length).toBeGreaterThan(0);
    }
  });

  it('has no two panels in one place', () => {
    const cells = panels.flatMap(({ gridPos: { x, y, w, h } }) =>
      Array.from(
        { length: w * h },
        (_, index) => `${x + (index % w)},${y + Math.floor(index / w)}`,
      ),
    );
    expect(new Set(cells).size).toBe(cells.length);
  });
});
