/** Whether tests try every case and their full size, as `make test-deep` asks. */
export const isDeep = process.env.CHURN_TEST_DEPTH === 'deep';
