/** Asynchronous work with a bound: so many tasks at once, one value ahead, one at a time, one for all. */
export { createBoundedTasks, type BoundedTasks } from './bounded-tasks';
export { createBoundedQueue, type BoundedQueue } from './bounded-queue';
export { oneAhead } from './one-ahead';
export { oneAtATime } from './one-at-a-time';
export { sharedByCallers } from './shared-by-callers';
