import { parse } from 'yaml';
import { evaluateInModule, read, repositoryFiles } from './repository-files';

interface LockedPackage {
  readonly dev?: boolean;
  /** npm leaves it out where it doesn't fit. */
  readonly optional?: boolean;
  readonly engines?: { readonly node?: string };
  readonly hasInstallScript?: boolean;
}

const manifest = JSON.parse(read('package.json')) as {
  version: string;
  engines: { node: string };
  devDependencies: Record<string, string>;
  allowScripts: Record<string, boolean>;
};
const lock = JSON.parse(read('package-lock.json')) as { packages: Record<string, LockedPackage> };
const packages = Object.entries(lock.packages)
  .filter(([where]) => where !== '')
  .map(([where, locked]) => ({ name: where.split('node_modules/').at(-1)!, ...locked }));

const { lines, inWords } = evaluateInModule<{
  lines: { major: number; minor: number }[];
  inWords: string;
}>(
  'bin/supported-node.mjs',
  '{ lines: module.supportedLines(), inWords: module.inWords(module.supportedLines()) }',
);
const majors = lines.map(({ major }) => String(major));
const developedOn = read('.nvmrc').trim();
const baseImages = (dockerfile: string) =>
  [...read(dockerfile).matchAll(/^FROM (\S+)/gm)].map(([, image]) => image);

describe('the supported lines of Node', () => {
  it('hold the exact version that development and set-up use', () => {
    const [, major] = /^(\d+)\.\d+\.\d+$/.exec(developedOn)!;
    expect(majors).toContain(major);
  });

  it('are those that continuous integration tries', () => {
    expect(workflowJob().strategy.matrix.node).toEqual(majors);
  });

  it.each(['README.md', 'CONTRIBUTING.md', 'docs/OPERATIONS.md'])('are named in %s', (page) => {
    expect(read(page)).toContain(`Node ${inWords}`);
  });

  it('begin with the one whose types are used, so that newer functions are refused', () => {
    const [major] = manifest.devDependencies['@types/node']!.split('.');
    expect(major).toBe(majors[0]);
  });

  it.each(lines)('run everything that is installed for production: $major.$minor', (line) => {
    const refused = packages.filter(({ dev, engines }) => !dev && !accepts(engines?.node, line));
    expect(refused.map(({ name }) => name)).toEqual([]);
  });

  it.each(lines)('run everything that is installed for development: $major.$minor', (line) => {
    const refused = packages.filter(
      ({ optional, engines }) => !optional && !accepts(engines?.node, line),
    );
    expect(refused.map(({ name }) => name)).toEqual([]);
  });
});

/**
 * Whether a range of versions holds `major.minor.0`; of ranges only what packages say in "engines".
 */
function accepts(range: string | undefined, line: { major: number; minor: number }): boolean {
  if (range === undefined) return true;
  return range.split('||').some((part) => {
    const bounds = part
      .replaceAll(/([<>=^])\s+/g, '$1')
      .trim()
      .split(/\s+/);
    return bounds.every((bound) => {
      const [, sign, major, minor] =
        /^(>=|\^|)(\d+|\*)(?:\.(\d+|[x*]))?(?:\.(?:\d+|[x*]))?$/.exec(bound) ?? [];
      if (major === undefined) throw new Error(`"engines" of a package has ${bound}`);
      if (major === '*') return true;
      const difference = line.major - Number(major) || line.minor - (Number(minor) || 0);
      if (sign === '>=') return difference >= 0;
      return line.major === Number(major) && (difference >= 0 || sign === '');
    });
  });
}

describe('an image', () => {
  it.each([
    ['Dockerfile', `node:${developedOn.split('.')[0]}-slim`],
    ['.devcontainer/Dockerfile', `node:${developedOn.split('.')[0]}`],
  ])('of %s has the line of Node that development uses', (file, image) => {
    expect(new Set(baseImages(file))).toEqual(new Set([image]));
  });
});

describe('the workflow of continuous integration', () => {
  it('runs what every build server runs', () => {
    expect(
      workflowJob()
        .steps.map(({ run }) => run)
        .filter(Boolean),
    ).toEqual(['.ci/run']);
  });

  it('sets up the Node of its matrix', () => {
    const versions = workflowJob().steps.map((step) => step.with?.['node-version']);
    expect(versions).toContain('${{ matrix.node }}');
  });

  it('restores a cache whose key is made of files that exist', () => {
    const [, patterns] = /hashFiles\(([^)]*)\)/.exec(read('.github/workflows/ci.yml'))!;
    for (const [, pattern] of patterns!.matchAll(/'([^']+)'/g)) {
      const matching = new RegExp(`^${pattern!.replaceAll('.', '\\.').replaceAll('*', '[^/]*')}$`);
      expect(repositoryFiles().filter((file) => matching.test(file))).not.toEqual([]);
    }
  });
});

function workflowJob() {
  const workflow = parse(read('.github/workflows/ci.yml')) as {
    jobs: {
      test: {
        strategy: { matrix: { node: string[] } };
        steps: { run?: string; with?: Record<string, string> }[];
      };
    };
  };
  return workflow.jobs.test;
}

describe('the dev container', () => {
  const container = JSON.parse(read('.devcontainer/devcontainer.json')) as {
    build: { dockerfile: string };
    postCreateCommand: string;
  };

  it('is built from a file that is there, and set up as a clone is', () => {
    expect(repositoryFiles()).toContain(`.devcontainer/${container.build.dockerfile}`);
    expect(container.postCreateCommand).toBe('make setup');
  });
});

describe('the install script of a package', () => {
  const withScript = packages.filter(({ hasInstallScript }) => hasInstallScript);

  it('is allowed or refused by name', () => {
    const undecided = withScript.filter(({ name }) => !(name in manifest.allowScripts));
    expect(undecided.map(({ name }) => name)).toEqual([]);
  });

  it('is not named when there is none', () => {
    const names = withScript.map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(Object.keys(manifest.allowScripts)));
  });
});

describe('CHANGELOG.md', () => {
  const releases = [...read('CHANGELOG.md').matchAll(/^## (\d+\.\d+\.\d+)( \(unreleased\))?$/gm)];

  it('has the released version, below what is coming', () => {
    const released = releases.filter(([, , unreleased]) => !unreleased);
    expect(released[0]?.[1]).toBe(manifest.version);
    expect(releases.length - released.length).toBeLessThanOrEqual(1);
  });
});

describe('the repository', () => {
  it('holds no file that a server left when a test started it here', () => {
    expect(repositoryFiles().filter((file) => /\.(rdb|aof|sqlite|log|pid)$/.test(file))).toEqual(
      [],
    );
  });
});
