import {
  aptDependsArgs,
  aptDownloadArgs,
  dpkgExtractArgs,
  packagesToUnpack,
  parseDependencies,
} from '../../../../packages/local-services/install/install-redis';
import {
  goInstallArgs,
  goInstallEnvironment,
} from '../../../../packages/local-services/install/install-temporal';
import {
  mavenArgs,
  mavenProject,
} from '../../../../packages/local-services/install/install-test-server';

describe('Redis from the packages of Debian and Ubuntu', () => {
  const dependencies: Record<string, string[]> = {
    'redis-server': ['init-system-helpers', 'redis-tools'],
    'redis-tools': ['libc6', 'libjemalloc2', 'lua-cjson', 'adduser'],
    'lua-cjson': ['libc6', 'liblua5.1-0'],
  };
  const unpack = (installed: string[]) =>
    packagesToUnpack({
      roots: ['redis-server'],
      dependsOn: (name) => Promise.resolve(dependencies[name] ?? []),
      isInstalled: (name) => Promise.resolve(installed.includes(name)),
    });

  test('unpacks the libraries that are missing, and theirs, each once', async () => {
    expect(await unpack(['libc6'])).toEqual([
      'redis-server',
      'redis-tools',
      'libjemalloc2',
      'lua-cjson',
      'liblua5.1-0',
    ]);
  });

  test('leaves out what the system has, and what is no library', async () => {
    expect(await unpack(['libc6', 'redis-tools'])).toEqual(['redis-server']);
  });

  test('reads the names that the package manager prints', () => {
    const output = [
      'redis-tools',
      '  PreDepends: libc6',
      '  Depends: libssl3',
      ' |Depends: libhiredis0.14',
      '  Depends: <debconf-2.0>',
      '  Breaks: redis-server',
    ].join('\n');

    expect(parseDependencies(output)).toEqual(['libc6', 'libssl3', 'libhiredis0.14']);
  });

  test('asks only for what is needed, and unpacks without installing', () => {
    expect(aptDependsArgs('redis-server')).toEqual(
      expect.arrayContaining(['depends', '--no-recommends', '--no-suggests', 'redis-server']),
    );
    expect(aptDownloadArgs(['redis-server', 'liblzf1'])).toEqual([
      'download',
      '-qq',
      'redis-server',
      'liblzf1',
    ]);
    expect(dpkgExtractArgs('/tmp/a.deb', '/cache/redis')).toEqual([
      '-x',
      '/tmp/a.deb',
      '/cache/redis',
    ]);
  });
});

describe('Temporal built with Go', () => {
  test('is a pinned version, built in folders that can be thrown away', () => {
    const folders = { content: '/cache/content', scratch: '/cache/scratch' };
    const { GOBIN, GOFLAGS, ...others } = goInstallEnvironment(folders);

    expect(goInstallArgs()[1]).toMatch(/\/cmd\/temporal@v\d+\.\d+\.\d+$/);
    expect(GOBIN).toBe('/cache/content');
    expect(GOFLAGS).toBe('-mod=mod -modcacherw');
    for (const folder of Object.values(others)) expect(folder).toMatch(/^\/cache\/scratch\//);
  });
});

describe('the time-skipping server by Maven', () => {
  test('is a pinned version with its runtime dependencies', () => {
    expect(mavenArgs('/cache/jars')).toContain('-DoutputDirectory=/cache/jars');
    expect(mavenArgs('/cache/jars')).toContain('-DincludeScope=runtime');
    expect(mavenProject('1.38.0')).toContain('<version>1.38.0</version>');
  });
});
