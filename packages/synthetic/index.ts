/**
 * A made-up subscription business whose truth is known, as a pure function of its seed, users,
 * start and version.
 */
export { generateArrivals } from './generate-arrivals';
export { LATEST_WORLD_VERSION } from './recipes';
