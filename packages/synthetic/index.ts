export { LATEST_ARRIVAL_MICROS } from './business-rules';
export { generateArrivals } from './generate-arrivals';
export { churnProbability, type CycleConduct } from './churn-probability';
export type { CountWork, Work } from './named-streams';
export { LATEST_WORLD_VERSION } from './recipes';
export type {
  ArrivalWindow,
  ArrivedRows,
  BillingEventRow,
  BillingEventType,
  Plan,
  PlanChangeRow,
  SyntheticWorld,
  UserEventRow,
  UserRow,
} from './synthetic-world';
