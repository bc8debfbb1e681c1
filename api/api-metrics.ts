import { Counter, Gauge, Histogram, Registry, type Aggregator } from 'prom-client';
import type { InstantText } from '../packages/contracts';
import type { EpochMicros } from '../packages/instants';
import { ageSeconds } from './feature-age';
import { StageWatch } from './predict/stage-watch';
import type { ApiPorts, PredictionLogPort } from './ports';

/** What the metrics look at when they are read. */
export type ObservedPorts = Pick<ApiPorts, 'predictionLog' | 'onlineFeatures' | 'servingModel'>;

/** Dense where the p99 budget of 10 ms lies. */
const LATENCY_BUCKETS_SECONDS = [
  0.0005, 0.001, 0.002, 0.003, 0.005, 0.0075, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5,
];

/**
 * What GET /metrics shows of the API, in a registry of its own. Where several processes serve, their
 * metrics are added up, but for those that name another `aggregator`.
 */
export class ApiMetrics {
  readonly registry = new Registry();
  readonly predictStages = new StageWatch([this.registry]);
  private readonly observers = new Map<string, (seconds: number) => void>();
  private readonly requests: Histogram<'method' | 'route' | 'status'>;
  private readonly predictions: Counter<'model_version'>;
  private lastVersion: { readonly version: string; inc(value: number): void } | undefined;
  /** feature_time of the vector served last. */
  lastFeatureTime: InstantText | undefined;

  constructor(ports: ObservedPorts, now: () => EpochMicros) {
    const registers = [this.registry];
    this.requests = new Histogram({
      name: 'churn_http_request_duration_seconds',
      help: 'Time to answer a request, by route and status.',
      labelNames: ['method', 'route', 'status'],
      buckets: LATENCY_BUCKETS_SECONDS,
      registers,
    });
    this.predictions = new Counter({
      name: 'churn_predictions_total',
      help: 'Predictions answered, by model version.',
      labelNames: ['model_version'],
      registers,
    });
    observePredictionLog(ports.predictionLog, registers);
    observeServed(ports, now, registers);
    new Gauge({
      name: 'churn_api_processes',
      help: 'Processes that serve the API.',
      registers,
    }).set(1);
    const lastFeatureTime = () => this.lastFeatureTime;
    new Gauge({
      name: 'churn_feature_age_seconds',
      help: 'Age of the feature_time of the vector served last.',
      aggregator: 'max',
      registers,
      collect() {
        const featureTime = lastFeatureTime();
        // Not 0, which would be fresh; nor NaN, which would hide what other processes have served.
        if (featureTime === undefined) this.remove();
        else this.set(ageSeconds(featureTime, now()));
      },
    });
  }

  observeRequest(method: string, route: string, status: number, seconds: number): void {
    const key = `${method} ${route} ${status}`;
    let observe = this.observers.get(key);
    if (!observe) {
      const child = this.requests.labels(method, route, String(status));
      observe = (value) => child.observe(value);
      this.observers.set(key, observe);
    }
    observe(seconds);
  }

  countPredictions(version: string, count: number): void {
    if (this.lastVersion?.version !== version) {
      const child = this.predictions.labels(version);
      this.lastVersion = { version, inc: (value) => child.inc(value) };
    }
    this.lastVersion.inc(count);
  }
}

function observePredictionLog(log: PredictionLogPort, registers: Registry[]): void {
  const gauge = (name: string, help: string, read: () => number, aggregator: Aggregator = 'sum') =>
    new Gauge({
      name,
      help,
      aggregator,
      registers,
      collect() {
        this.set(read());
      },
    });
  const counter = (name: string, help: string, read: () => number) =>
    new Counter({
      name,
      help,
      registers,
      collect() {
        this.reset();
        this.inc(read());
      },
    });
  gauge('churn_prediction_log_pending', 'Predictions waiting to be logged.', () => log.pending);
  gauge('churn_prediction_log_spooled', 'How many of them are in files.', () => log.spooled);
  gauge(
    'churn_prediction_log_spool_up',
    '1: predictions can be written to files; 0: not.',
    () => (log.spoolProblem ? 0 : 1),
    'min',
  );
  counter(
    'churn_prediction_log_spooled_total',
    'Predictions written to files because the database did not take them.',
    () => log.spooledTotal,
  );
  counter(
    'churn_prediction_log_dropped_total',
    'Predictions answered that could not be logged.',
    () => log.dropped,
  );
}

/** What /predict answers from, whether or not anybody asks. */
function observeServed(
  { onlineFeatures, servingModel }: ObservedPorts,
  now: () => EpochMicros,
  registers: Registry[],
): void {
  new Gauge({
    name: 'churn_online_features_up',
    help: '1: the online store has features of this installation that the model takes; 0: not.',
    aggregator: 'min',
    registers,
    async collect() {
      const meta = await onlineFeatures.meta().catch(() => null);
      const model = servingModel.current();
      this.set(meta && (!model || model.schemaHash === meta.schema_hash) ? 1 : 0);
    },
  });
  new Gauge({
    name: 'churn_online_features_age_seconds',
    help: 'Age of the feature_time of the features that are published online.',
    aggregator: 'max',
    registers,
    async collect() {
      const meta = await onlineFeatures.meta().catch(() => null);
      // Not 0, which would be fresh.
      this.set(meta ? ageSeconds(meta.feature_time, now()) : Number.NaN);
    },
  });
  new Gauge({
    name: 'churn_serving_model_info',
    help: '1 for the version that serves.',
    aggregator: 'max',
    labelNames: ['model_version'],
    registers,
    collect() {
      this.reset();
      const model = servingModel.current();
      if (model) this.set({ model_version: model.version }, 1);
    },
  });
}
