/** One project; the suffix of a test says what it needs (docs/testing.md). Fast tests run first. */
module.exports = {
  testEnvironment: 'node',
  // Also on two cores: by default jest leaves one of them idle.
  maxWorkers: 2,
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
  testSequencer: '<rootDir>/test/environment/fast-first-sequencer.cjs',
  testTimeout: 60_000,
  coverageProvider: 'v8',
  collectCoverageFrom: [
    '{packages,workflows,activities,worker,api,temporal-config}/**/*.ts',
    '!**/index.ts',
    '!**/main.ts',
  ],
  coverageReporters: ['text-summary', 'lcov', 'json-summary'],
  coverageThreshold: { global: { lines: 85 } },
};
