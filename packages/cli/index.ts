export { runCommandLine } from './program';
export { dayBefore, monthsBefore, runDemo, type DemoOptions, type DemoReport } from './run-demo';
