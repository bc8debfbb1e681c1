/**
 * One installation, opened by a process: what the command line, the worker and the API ask of it.
 * `open` opens the adapters; `partitions`, `daily-run`, `backfills`, `history`, `models` and
 * `drift` each do what their name says with them.
 */
export { openApiApplication } from './api-application';
export type { Prediction } from './models/model-services';
export type { ApplicationObserver } from './open/application-observer';
export { openApplication, type Application } from './application';
export type { Services } from './services';
export { asTemporalError } from './backfills/temporal-runs';
