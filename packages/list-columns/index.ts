export { type ListColumn, type ListRows } from './list-rows';
export { readListColumnFile } from './read-list-file';
export { regroupRows, type GroupLimits } from './regroup-rows';
export { writeListColumnFile } from './write-list-file';
