/** One project; the suffix of a test says what it needs (docs/testing.md). The longest run first. */
module.exports = {
  testEnvironment: 'node',
  // Also on two cores: by default jest leaves one of them idle.
  maxWorkers: 2,
  // Temporal's SDK keeps the modules of each file that loads it, and the collector visits them again
  // and again.
  workerIdleMemoryLimit: '400MB',
  roots: ['<rootDir>/test'],
  testMatch: ['**/*.test.ts'],
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      {
        jsc: {
          target: 'es2023',
          parser: { syntax: 'typescript', decorators: true },
          transform: { legacyDecorator: true, decoratorMetadata: true },
          keepClassNames: true,
        },
        module: { type: 'commonjs' },
        sourceMaps: 'inline',
      },
    ],
  },
  globalSetup: '<rootDir>/test/environment/global-setup.ts',
  globalTeardown: '<rootDir>/test/environment/global-teardown.ts',
  testSequencer: '<rootDir>/test/environment/longest-first-sequencer.cjs',
  // Coverage is measured in some of the test files only; see there.
  runtime: '<rootDir>/test/environment/selective-coverage-runtime.cjs',
  testTimeout: 60_000,
  // Jest runs tests in a context of its own, where the global objects are slow to look up: a loop of
  // numbers takes up to ten times as long. These are handed to each module as parameters instead.
  sandboxInjectedGlobals: [
    ...['Array', 'BigInt', 'JSON', 'Map', 'Math', 'Number', 'Object', 'Set', 'String'],
    ...['BigInt64Array', 'Float64Array', 'Int32Array', 'Uint8Array'],
  ],
  coverageProvider: 'v8',
  collectCoverageFrom: [
    '{packages,workflows,activities,worker,api,temporal-config}/**/*.ts',
    '!**/index.ts',
    '!**/main.ts',
  ],
  coverageReporters: ['text-summary', 'lcov', 'json-summary'],
  coverageThreshold: { global: { lines: 85 } },
};
