export { createBoundedTasks, type BoundedTasks } from './bounded-tasks';
export { oneAhead } from './one-ahead';
export { oneAtATime } from './one-at-a-time';
