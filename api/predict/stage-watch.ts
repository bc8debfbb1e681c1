import { Histogram, type Registry } from 'prom-client';

/** `features`: from Redis, also the wait for its turn; `score`: of the model, until the answer is made. */
type PredictStage = 'features' | 'score';

/** One request of so many is measured, the first one among them. */
const SAMPLED_OF = 16;

const BUCKETS_SECONDS = [
  0.000_005, 0.000_01, 0.000_025, 0.000_1, 0.000_25, 0.000_5, 0.001, 0.0025, 0.005, 0.01, 0.05, 1,
];

/** Measures how long the stages of some predictions take. */
export class StageWatch {
  private readonly observers: Readonly<Record<PredictStage, Histogram.Internal<'stage'>>>;
  private requests = 0;

  constructor(registers: Registry[]) {
    const seconds = new Histogram({
      name: 'churn_predict_stage_seconds',
      help: `Time that a stage of POST /predict takes, of one request of ${SAMPLED_OF}.`,
      labelNames: ['stage'],
      buckets: BUCKETS_SECONDS,
      registers,
    });
    this.observers = { features: seconds.labels('features'), score: seconds.labels('score') };
  }

  /** The time now, in milliseconds, if this request is one to be measured; else undefined. */
  start(): number | undefined {
    const isSampled = this.requests % SAMPLED_OF === 0;
    this.requests += 1;
    return isSampled ? performance.now() : undefined;
  }

  /** Notes a stage that began at `since`; undefined: of a request that is not measured. Returns now. */
  end(stage: PredictStage, since: number | undefined): number | undefined {
    if (since === undefined) return undefined;
    const now = performance.now();
    this.observers[stage].observe((now - since) / 1000);
    return now;
  }
}
