/**
 * Who may import whom. Read a row as: "<folder> may use <folders>, <npm packages>, Node built-ins".
 * Everything else is an error: the linter reads this table (lint-rules/architecture.mjs) and a test
 * compares it with docs/DESIGN.md. `types:<folder>` allows `import type` only. A folder is always
 * entered through its index.ts; imports inside one folder are free.
 */
const pure = [];
const temporal = (name) => `npm:@temporalio/${name}`;

export const mayUse = {
  // Pure core: no clock, no randomness of its own, no I/O.
  'packages/contracts': [],
  'packages/instants': pure,
  'packages/bounded-tasks': pure,
  'packages/currencies': pure,
  'packages/logged-errors': pure,
  'packages/orchestration': ['packages/contracts', 'packages/instants'],
  'packages/synthetic': ['packages/contracts', 'packages/instants', 'npm:seedrandom'],

  // Adapters: each knows one outside thing.
  'packages/config': [
    'packages/contracts',
    'packages/currencies',
    'packages/tls',
    temporal('envconfig'),
    'npm:class-validator',
    'npm:class-transformer',
    'npm:reflect-metadata',
    'node:path',
  ],
  'packages/list-columns': ['node:*'],
  'packages/tls': ['packages/contracts', 'node:crypto', 'node:fs'],
  'packages/duckdb': [
    'packages/contracts',
    'packages/durable-files',
    'types:packages/list-columns',
    'npm:@duckdb/node-api',
    'npm:@duckdb/node-bindings',
    'node:*',
  ],
  'packages/database': [
    'packages/contracts',
    'packages/tls',
    'npm:drizzle-orm',
    'npm:postgres',
    'node:*',
  ],
  'packages/durable-files': ['packages/contracts', 'node:*'],

  // Domain packages: pure modules beside the adapter modules that feed them.
  'packages/raw-data': [
    'packages/contracts',
    'packages/currencies',
    'packages/instants',
    'packages/duckdb',
    'packages/durable-files',
    'packages/database',
    'node:*',
  ],
  'packages/features': [
    'packages/instants',
    'packages/bounded-tasks',
    'packages/list-columns',
    'packages/duckdb',
    'node:crypto',
  ],
  'packages/offline-store': [
    'packages/bounded-tasks',
    'packages/contracts',
    'packages/instants',
    'packages/duckdb',
    'packages/durable-files',
    'packages/database',
    'packages/features',
    'node:*',
  ],
  'packages/online-store': [
    'packages/bounded-tasks',
    'packages/contracts',
    'packages/instants',
    'packages/duckdb',
    'packages/durable-files',
    'packages/tls',
    'npm:ioredis',
    'node:*',
  ],
  'packages/modeling': [
    'packages/contracts',
    'packages/instants',
    'packages/duckdb',
    'packages/durable-files',
    'types:packages/features',
    'npm:ml-matrix',
    'npm:ml-logistic-regression',
    'npm:seedrandom',
    'node:*',
  ],
  'packages/drift': [
    'packages/contracts',

    'packages/duckdb',
    'packages/durable-files',
    'packages/database',
    'packages/modeling',
    'node:*',
  ],

  // Composition: opens the adapters once and hands them out as ports.
  'packages/application': [
    'packages/*',
    'types:npm:ioredis',
    'types:npm:postgres',
    temporal('client'),
    temporal('common'),
    'node:*',
  ],
  'packages/local-services': [
    'packages/contracts',
    'packages/config',
    'packages/currencies',
    'packages/database',
    'packages/durable-files',
    'packages/online-store',
    'packages/tls',
    'npm:postgres',
    'npm:ioredis',
    temporal('client'),
    'node:*',
  ],
  'packages/cli': ['packages/*', 'temporal-config', 'npm:commander', 'node:*'],

  // Shell.
  workflows: [
    'packages/contracts',
    'packages/instants',
    'packages/orchestration',
    'types:activities',
    temporal('workflow'),
    temporal('common'),
  ],
  activities: ['packages/*', temporal('activity'), temporal('common')],
  worker: [
    'activities',
    'packages/*',
    temporal('worker'),
    temporal('common'),
    'npm:pino',
    'node:*',
  ],
  api: [
    'packages/*',
    'npm:@nestjs/*',
    'npm:class-validator',
    'npm:class-transformer',
    'npm:reflect-metadata',
    'types:npm:fastify',
    'npm:pino',
    'npm:prom-client',
    'node:*',
  ],
  'temporal-config': ['packages/contracts', temporal('client'), `types:${temporal('common')}`],

  // Not shipped.
  bench: ['*'],
  test: ['*'],
};
