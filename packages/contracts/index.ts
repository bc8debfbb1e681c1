export * from './errors';
export * from './knowledge';
export * from './partitions';
export * from './pipeline';
export * from './reprocess';
export * from './runs';
