export * from './errors';
export * from './knowledge';
export * from './partitions';
export * from './pipeline';
export * from './problem';
export * from './reprocess';
export * from './runs';
