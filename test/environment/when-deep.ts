import { isDeep } from './depth';

/** Tests that only `make test-deep` runs; `make test` shows them as skipped. */
export const describeWhenDeep = isDeep ? describe : describe.skip;
export const itWhenDeep = isDeep ? it : it.skip;
