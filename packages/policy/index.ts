export { isStepDue } from './is-step-due';
