/** Names and shapes that cross a process, and the catalogue of errors. */
export * from './audit-report';
export * from './backfill-start';
export * from './errors';
export * from './escape-unprintable';
export * from './knowledge';
export * from './partitions';
export * from './pipeline';
export type * from './pipeline-ports';
export * from './predictions';
export * from './problem';
export * from './reprocess';
export * from './runs';
export type * from './synthetic-world';
