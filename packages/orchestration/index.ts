/**
 * What the workflows decide by: which steps run next, when they are late, how they are retried,
 * and how a range is cut into chunks.
 */
export { isStepDue } from './is-step-due';
export { nextSteps } from './next-steps';
export { datesOfChunk, planChunks } from './plan-chunks';
export { requireBackfillRange, requireDateRange } from './require-date-range';
export { retryPolicyFor, STEP_BUDGET_MINUTES } from './retry-policy-for';
export { slaApplies, slaDeadlines, type SlaDeadline } from './sla-deadlines';
export { verdictOf } from './verdict-of';
