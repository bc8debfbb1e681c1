import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { installTools } from '../../../../packages/local-services/install/install-tools';
import type { Tool } from '../../../../packages/local-services/tools';
import { createScratchDirectory } from '../../../environment/scratch-directory';
import { fakeProgram } from '../stack-fixture';

const SYSTEM = '/usr/bin:/bin';

/** A machine whose package managers are scripts, with an empty home. */
function createMachine(programs: Readonly<Record<string, string>>) {
  const scratch = createScratchDirectory();
  const bin = path.join(scratch.path, 'bin');
  for (const [name, script] of Object.entries(programs)) fakeProgram(bin, name, script);
  const home = path.join(scratch.path, 'home');
  const lines: string[] = [];
  const env: NodeJS.ProcessEnv = { PATH: bin, HOME: home };
  return {
    env,
    lines,
    remove: scratch.remove,
    cache: path.join(home, '.cache', 'churn'),
    install: (tools: Tool[]) =>
      installTools(tools, { env, say: (line) => lines.push(line), tick: () => {} }),
  };
}

const apt = {
  'apt-cache': `[ "$1" = policy ] && echo '  Candidate: 5:7.0.15' || echo '  Depends: liblzf1'`,
  'apt-get': `PATH=${SYSTEM}; touch redis-server.deb`,
  'dpkg-query': 'exit 1',
  // Stands for unpacking: makes the program where the package has it.
  'dpkg-deb': `PATH=${SYSTEM}
    mkdir -p "$3/usr/bin"
    printf '#!/bin/sh\\necho "Redis server v=7.0.15 sha=0"\\n' > "$3/usr/bin/redis-server"
    chmod +x "$3/usr/bin/redis-server"`,
  dirname: `exec /usr/bin/dirname "$@"`,
};

describe('making the tools available', () => {
  test('a tool on PATH is used as it is', async () => {
    const machine = createMachine({ 'redis-server': 'exit 0' });

    await machine.install(['redis']);

    expect(machine.lines).toEqual([expect.stringMatching(/^redis-server: found on PATH/)]);
    expect(existsSync(machine.cache)).toBe(false);
    machine.remove();
  });

  test('a service given by its setting needs no tool', async () => {
    const machine = createMachine({});
    machine.env.REDIS_URL = 'redis://:secret@elsewhere';

    await machine.install(['redis']);

    expect(machine.lines).toEqual(['redis-server: set by REDIS_URL']);
    machine.remove();
  });

  test('Redis is unpacked into the cache once, and cached from then on', async () => {
    const machine = createMachine(apt);

    await machine.install(['redis']);
    await machine.install(['redis']);

    expect(machine.lines).toEqual([
      expect.stringMatching(/^redis-server: downloaded .*redis-7\.0\.15\/redis-server/),
      expect.stringMatching(/^redis-server: cached/),
    ]);
    expect(readdirSync(machine.cache)).toEqual(['redis-7.0.15']);
    machine.remove();
  });

  test('Temporal is built with Go where it can not be downloaded', async () => {
    const machine = createMachine({
      go: `PATH=${SYSTEM}; printf '#!/bin/sh\\n' > "$GOBIN/temporal"; chmod +x "$GOBIN/temporal"
        echo "$@" > "$GOBIN/arguments"`,
    });
    // The SDK's download fails at once without a way out.
    machine.env.HTTPS_PROXY = 'http://127.0.0.1:1';

    await machine.install(['temporal']);

    expect(machine.lines[0]).toMatch(/building .* with Go/);
    expect(machine.lines[1]).toMatch(/^temporal: built .*temporal-[\d.]+\/temporal/);
    const [folder] = readdirSync(machine.cache);
    expect(readFileSync(path.join(machine.cache, folder!, 'arguments'), 'utf8')).toMatch(
      /^install .*\/cmd\/temporal@v/,
    );
    machine.remove();
  });

  test('all are tried before the first failure is raised, and nothing half done is left', async () => {
    const machine = createMachine({ ...apt, 'apt-get': 'echo no route >&2; exit 100' });
    fakeProgram(path.join(machine.cache, 'temporal-1.5.1'), 'temporal', 'exit 0');

    await expect(machine.install(['redis', 'temporal'])).rejects.toMatchObject({
      code: 'MISSING_TOOL',
      details: {
        tool: 'redis-server',
        problem: expect.stringContaining('no route'),
        remedy: expect.stringContaining('REDIS_URL'),
      },
    });
    expect(machine.lines).toEqual([expect.stringMatching(/^temporal: cached/)]);
    expect(readdirSync(machine.cache)).toEqual(['temporal-1.5.1']);
    machine.remove();
  });

  test('without any package manager it says what to do', async () => {
    const machine = createMachine({});

    await expect(machine.install(['redis'])).rejects.toThrow(/brew install redis/);
    machine.remove();
  });
});
