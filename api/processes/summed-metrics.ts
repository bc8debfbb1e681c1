import {
  AggregatorRegistry,
  type MetricObjectWithValues,
  type MetricValue,
  type Registry,
} from 'prom-client';

/** Every metric of a process, as prom-client's registries hand them over. */
export type MetricsSnapshot = readonly MetricObjectWithValues<MetricValue<string>>[];

/** They go on where a process that takes over the spool of one that is gone starts to count. */
const INHERITED = ['churn_prediction_log_spooled_total', 'churn_prediction_log_dropped_total'];

/**
 * The metrics of several processes as those of one. No counter goes back when a process ends: what
 * was last known of its counters and histograms is kept. What it counted after that is lost, as it
 * is when the only process ends.
 */
export class SummedMetrics {
  private readonly latest = new Map<number, MetricsSnapshot>();
  private ended: MetricsSnapshot = [];
  private readonly shown = new Map<string, number>();

  /** Replaces what was known of a process. */
  note(processId: number, snapshot: MetricsSnapshot): void {
    this.latest.set(processId, snapshot.map(withAggregator));
  }

  /** A process has ended. */
  async retire(processId: number): Promise<void> {
    const last = this.latest.get(processId);
    this.latest.delete(processId);
    if (!last) return;
    const kept = last.filter(
      ({ name, type }) => isCounting(String(type)) && !INHERITED.includes(name),
    );
    this.ended = await sumOf([this.ended, kept]).getMetricsAsJSON();
  }

  /** Prometheus' text, with `more` metrics, which are not of one of the processes. */
  async text(more: MetricsSnapshot): Promise<string> {
    const snapshots = [...this.latest.values(), this.ended, more];
    const inherited = INHERITED.flatMap((name) => this.withheld(name));
    return sumOf([...snapshots, inherited]).metrics();
  }

  /** What is missing of an inherited counter until another process has taken it over. */
  private withheld(name: string): MetricsSnapshot {
    const found = [...this.latest.values()].flatMap(
      (snapshot) => snapshot.find((metric) => metric.name === name) ?? [],
    );
    const [metric] = found;
    if (!metric) return [];
    const sum = found.reduce((total, { values }) => total + (values[0]?.value ?? 0), 0);
    const missing = Math.max((this.shown.get(name) ?? 0) - sum, 0);
    this.shown.set(name, sum + missing);
    return [{ ...metric, values: [{ value: missing, labels: {} }] }];
  }
}

function isCounting(type: string): boolean {
  return type === 'counter' || type === 'histogram';
}

/** A process that hangs must not be hidden by others that don't. */
function withAggregator(metric: MetricsSnapshot[number]): MetricsSnapshot[number] {
  return /_eventloop_lag_(?!min)/.test(metric.name) ? { ...metric, aggregator: 'max' } : metric;
}

function sumOf(snapshots: readonly MetricsSnapshot[]): Registry {
  return AggregatorRegistry.aggregate(snapshots.map((snapshot) => [...snapshot]));
}
