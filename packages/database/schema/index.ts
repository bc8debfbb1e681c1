export * from './ops';
export * from './raw-data';
