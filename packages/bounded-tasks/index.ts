export { createBoundedTasks, type BoundedTasks } from './bounded-tasks';
