/** Files of lists per user, read as they lie in memory: the format of timelines. */
export { type ListColumn, type ListRows } from './list-rows';
export { readListColumnFile } from './read-list-file';
export { regroupRows } from './regroup-rows';
export { writeListColumnFile } from './write-list-file';
