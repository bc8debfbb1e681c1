import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import {
  architecture,
  evaluateInModule,
  linesOf,
  read,
  repositoryFiles,
  root,
} from './repository-files';

const files = repositoryFiles();
const packageNames = readdirSync(path.join(root, 'packages'));
const rows = architecture();
const shipped = /^(packages|workflows|activities|worker|api|temporal-config)\//;

describe('architecture.mjs', () => {
  it('has a row for every package and every folder of TypeScript', () => {
    const folders = files
      .filter((file) => /^[\w-]+\/.*\.ts$/.test(file))
      .map((file) => file.split('/')[0]!)
      .filter((folder) => folder !== 'packages');
    const areas = [...packageNames.map((name) => `packages/${name}`), ...new Set(folders)];
    expect(areas.filter((area) => !(area in rows))).toEqual([]);
  });

  it('has no row for what is not there', () => {
    expect(Object.keys(rows).filter((area) => !existsSync(path.join(root, area)))).toEqual([]);
  });

  it('allows only folders that have a row, and only packages that are installed', () => {
    const { dependencies, devDependencies } = JSON.parse(read('package.json')) as Record<
      string,
      Record<string, string>
    >;
    const installed = Object.keys({ ...dependencies, ...devDependencies });
    const isThere = (rule: string) => {
      if (rule === '*' || rule.startsWith('node:')) return true;
      const [kind, name = ''] = rule.includes(':') ? rule.split(':') : ['folder', rule];
      const known = kind === 'npm' ? installed : Object.keys(rows);
      return name.endsWith('*')
        ? known.some((one) => one.startsWith(name.slice(0, -1)))
        : known.includes(name);
    };
    const lost = Object.entries(rows).flatMap(([area, rules]) =>
      rules.filter((rule) => !isThere(rule)).map((rule) => `${area}: ${rule}`),
    );
    expect(lost).toEqual([]);
  });

  it('goes one way: no two folders use each other', () => {
    const uses = (from: string, to: string) => rows[from]!.includes(to);
    const mutual = Object.keys(rows).flatMap((one) =>
      Object.keys(rows).filter((other) => one < other && uses(one, other) && uses(other, one)),
    );
    expect(mutual).toEqual([]);
  });
});

describe('an import', () => {
  const cases: [file: string, specifier: string, isTypeOnly: boolean, allowed: boolean][] = [
    ['packages/orchestration/a.ts', './b', false, true],
    ['packages/orchestration/a.ts', '../contracts', false, true],
    ['packages/orchestration/a.ts', '../contracts/index', false, true],
    ['packages/orchestration/a.ts', '../contracts/errors', false, false],
    ['packages/orchestration/a.ts', '../duckdb', false, false],
    ['packages/orchestration/a.ts', '../duckdb', true, false],
    ['packages/orchestration/a.ts', 'node:fs', false, false],
    ['packages/orchestration/a.ts', 'ml-matrix', false, false],
    ['packages/instants/a.ts', '../contracts', false, false],
    ['packages/features/definitions/a.ts', '../language', false, true],
    ['packages/features/a.ts', 'node:crypto', false, true],
    ['packages/features/a.ts', 'node:fs', false, false],
    ['packages/features/definitions/a.ts', '../../offline-store', false, false],
    ['packages/application/a.ts', '../drift', false, true],
    ['packages/application/a.ts', '../drift/detect-drift', false, false],
    ['packages/application/a.ts', '../../api/ports', true, false],
    ['workflows/a.ts', '../activities', true, true],
    ['workflows/a.ts', '../activities', false, false],
    ['workflows/a.ts', '../packages/orchestration', false, true],
    ['workflows/a.ts', '../packages/application', true, false],
    ['workflows/a.ts', '@temporalio/workflow', false, true],
    ['workflows/a.ts', '@temporalio/worker', false, false],
    ['workflows/a.ts', '@temporalio/common/lib/errors', false, true],
    ['activities/a.ts', '../workflows', false, false],
    ['api/models/a.ts', '@nestjs/common', false, true],
    ['api/models/a.ts', '../../packages/application', false, true],
    ['api/models/a.ts', 'express', false, false],
    ['packages/cli/a.ts', '@nestjs/common', false, false],
    ['test/a.test.ts', '../packages/features/compile-vectors', false, true],
  ];
  const reasons = evaluateInModule<(string | null)[]>(
    'eslint-rules/architecture.mjs',
    `input.map(([file, specifier, isTypeOnly]) =>
      module.forbiddenImport(file, specifier, isTypeOnly) ?? null)`,
    cases.map(([file, ...rest]) => [path.join(root, file), ...rest]),
  );

  it.each(
    cases.map(([file, specifier, isTypeOnly, allowed], index) => ({
      what: `of ${isTypeOnly ? 'only types of ' : ''}${specifier} in ${file}`,
      verdict: allowed ? 'allowed' : 'refused',
      reason: reasons[index],
    })),
  )('$what is $verdict', ({ verdict, reason }) => {
    expect(reason === null ? 'allowed' : 'refused').toBe(verdict);
  });

  it('that is refused says why', () => {
    const [index] = [...cases.keys()].filter((at) => cases[at]![1] === '../contracts/errors');
    expect(reasons[index!]).toBe('enter packages/contracts through its index.ts, not errors');
    expect(reasons[cases.findIndex(([, specifier]) => specifier === 'node:fs')]).toBe(
      'packages/orchestration may not import node:fs (see architecture.mjs)',
    );
  });
});

describe('every package', () => {
  it.each(packageNames)('%s has an index.ts', (name) => {
    expect(existsSync(path.join(root, 'packages', name, 'index.ts'))).toBe(true);
  });
});

describe('every source file', () => {
  const sources = files.filter((file) => /\.(ts|mjs|cjs|js|css|html)$/.test(file));

  it('has at most 400 lines', () => {
    const isLong = (file: string) => linesOf(file).length - 1 > 400;
    expect(sources.filter(isLong)).toEqual([]);
  });

  it('is named in lower case after what it holds, never after a drawer', () => {
    const drawers = /(^|[-.])(utils?|helpers?|common|managers?|misc|stuff|base)([-.]|$)/;
    const isWellNamed = (file: string) => {
      const name = path.basename(file);
      return /^[a-z0-9]+([-.][a-z0-9]+)*$/.test(name) && !drawers.test(name);
    };
    expect(sources.filter((file) => !isWellNamed(file))).toEqual([]);
  });

  it('has no default export where it is shipped', () => {
    const exported = sources.filter(
      (file) => shipped.test(file) && linesOf(file).some((line) => /^export default\b/.test(line)),
    );
    expect(exported).toEqual([]);
  });
});
