export { type ListColumn, type ListRows } from './list-rows';
export { readListFile } from './read-list-file';
export { regroupRows, type GroupLimits } from './regroup-rows';
export { writeListFile } from './write-list-file';
