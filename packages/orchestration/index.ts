export { isStepDue } from './is-step-due';
export { nextSteps, type NextSteps } from './next-steps';
export { datesOfChunk, planChunks } from './plan-chunks';
export { requireBackfillRange, requireDateRange } from './require-date-range';
export { retryPolicyFor, STEP_BUDGET_MINUTES, type RetryPolicy } from './retry-policy-for';
export { nominalMillis, slaApplies, slaDeadlines, type SlaDeadline } from './sla-deadlines';
export { verdictOf, type Verdict } from './verdict-of';
