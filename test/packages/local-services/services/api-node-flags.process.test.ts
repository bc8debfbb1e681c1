import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'yaml';
import { dataPaths, loadConfig } from '../../../../packages/config';
import { apiNodeFlags } from '../../../../packages/local-services/services/api-node-flags';
import { apiRecipe } from '../../../../packages/local-services/services/node-service';

const root = path.resolve(__dirname, '../../../..');
const DOCKER_NODE = { has: () => false };

/** What a Node with these flags prints of an expression. */
function evaluate(flags: readonly string[], expression: string): unknown {
  const program = `process.stdout.write(JSON.stringify(${expression}))`;
  // The warning about experimental or internal things is not of interest.
  const output = execFileSync(process.execPath, [...flags, '-e', program], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  return JSON.parse(output);
}

describe('the flags of Node that the API is started with', () => {
  test('leave no hooks on promises where an AsyncLocalStorage is used', () => {
    const hooksAfterUse = `(() => {
      new (require('node:async_hooks').AsyncLocalStorage)().run({}, () => {});
      const { internalBinding } = require('internal/test/binding');
      return internalBinding('async_wrap').getPromiseHooks().filter(Boolean).length;
    })()`;

    expect(evaluate(['--expose-internals', ...apiNodeFlags()], hooksAfterUse)).toBe(0);
  });

  test('keep room for young objects, whatever this Node does by itself', () => {
    const heapLimit = `require('node:v8').getHeapStatistics().heap_size_limit`;
    // The old space and three times the semi-space.
    const expected = (512 + 3 * 64) * 2 ** 20;

    expect(evaluate(['--max-old-space-size=512', ...apiNodeFlags()], heapLimit)).toBe(expected);
  });

  test('have the hooks turned off by name only in a Node that has the name', () => {
    const flag = '--experimental-async-context-frame';

    expect(apiNodeFlags({ has: (name) => name === flag })).toContain(flag);
    expect(apiNodeFlags(DOCKER_NODE)).not.toContain(flag);
  });

  test('are those of the embedded API', () => {
    const env = {
      CHURN_DATA_DIR: '/data',
      DATABASE_URL: 'postgres://127.0.0.1/churn',
      REDIS_URL: 'redis://127.0.0.1',
      TEMPORAL_ADDRESS: '127.0.0.1:7233',
    };
    const config = loadConfig(env);
    const context = { config, env, paths: dataPaths(config.dataDir), state: {}, durable: true };
    const { args } = apiRecipe.command(context, { port: 3000 } as never);

    expect(args).toEqual(expect.arrayContaining(apiNodeFlags()));
  });

  test('are those of the image and of docker-compose.yml', () => {
    const command = ['node', ...apiNodeFlags(DOCKER_NODE), 'dist/api/main.js'];
    const dockerfile = readFileSync(path.join(root, 'Dockerfile'), 'utf8');
    const compose = parse(readFileSync(path.join(root, 'docker-compose.yml'), 'utf8'), {
      merge: true,
    }) as { services: { api: { command: string[] } } };

    expect(compose.services.api.command).toEqual(command);
    expect(JSON.parse(/^CMD (.*)$/m.exec(dockerfile)![1]!)).toEqual(command);
    expect(dockerfile).toContain('FROM node:24-slim');
  });
});
