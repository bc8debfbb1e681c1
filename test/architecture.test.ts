import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import {
  circlesOf,
  fileGraph,
  folderGraph,
  importsIn,
  namesDeclaredTwice,
  readImports,
  shippedFiles,
  unusedExports,
  unusedGrants,
  usesOf,
  type Import,
} from './import-graph';
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
      const granted = rule.replace(/^types:/, '');
      const [kind, name = ''] = granted.includes(':') ? granted.split(':') : ['folder', granted];
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
    'lint-rules/architecture.mjs',
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

/** Files that a process, a bundler or drizzle-kit loads by their path. */
const entries = new Set([
  ...shippedFiles().filter((file) => path.basename(file) === 'main.ts'),
  'packages/database/schema/index.ts',
  'worker/bundle-workflows.ts',
  'workflows/index.ts',
]);

describe('the imports of the tree', () => {
  const imports = readImports(shippedFiles());

  it('are all allowed', () => {
    const asked = [...imports].flatMap(([file, list]) =>
      list.map(({ specifier, isTypeOnly }) => [path.join(root, file), specifier, isTypeOnly]),
    );
    const refused = evaluateInModule<string[]>(
      'lint-rules/architecture.mjs',
      'input.flatMap((one) => module.forbiddenImport(...one) ?? [])',
      asked,
    );
    expect(refused).toEqual([]);
  });

  it('form no circle of files', () => {
    expect(circlesOf(fileGraph(imports))).toEqual([]);
  });

  it('form no circle of folders that lie side by side', () => {
    expect(circlesOf(folderGraph(fileGraph(imports)))).toEqual([]);
  });

  it('use every grant of architecture.mjs', () => {
    expect(unusedGrants(rows, usesOf(imports))).toEqual([]);
  });

  it('use every export: what only tests need lies in test/', () => {
    expect(unusedExports(imports, entries)).toEqual([]);
  });
});

describe('a tree', () => {
  const treeOf = (files: Record<string, string>) =>
    new Map(Object.entries(files).map(([file, text]) => [file, importsIn(file, text)]));
  const wholeTree = treeOf({
    'packages/a/one.ts': "import { two } from './two'; export const one = two;",
    'packages/a/two.ts': "import type { One } from './one'; export const two = 2;",
    'packages/b/room/c.ts': "import { d } from '../hall/d';",
    'packages/b/hall/d.ts': "export { c } from '../room/e';",
    'packages/b/room/e.ts': "import('../../a/one'); export const c = 1;",
  });

  it('with files that import each other, types included, has a circle of files', () => {
    expect(circlesOf(fileGraph(wholeTree))).toEqual([['packages/a/one.ts', 'packages/a/two.ts']]);
  });

  it('with folders whose files import each other has a circle of folders', () => {
    expect(circlesOf(folderGraph(fileGraph(wholeTree)))).toEqual([
      ['packages/b/hall', 'packages/b/room'],
    ]);
  });

  it('that does not use a grant, or only its types, is told so', () => {
    const table = { 'packages/b': ['packages/a', 'npm:postgres'], 'packages/a': ['node:*'] };
    const uses = usesOf(treeOf({ 'packages/b/a.ts': "import type { A } from '../a';" }));
    expect(unusedGrants(table, uses)).toEqual([
      'packages/b: packages/a (types only)',
      'packages/b: npm:postgres',
      'packages/a: node:*',
    ]);
  });

  it.each<[text: string, found: Import]>([
    ["import './a';", { specifier: './a', isTypeOnly: false, names: [], isReExport: false }],
    [
      "import { a as b } from './a';",
      { specifier: './a', isTypeOnly: false, names: ['a'], isReExport: false },
    ],
    [
      "import { type A } from './a';",
      { specifier: './a', isTypeOnly: true, names: ['A'], isReExport: false },
    ],
    [
      "import type { A } from './a';",
      { specifier: './a', isTypeOnly: true, names: ['A'], isReExport: false },
    ],
    [
      "import * as a from './a';",
      { specifier: './a', isTypeOnly: false, names: ['*'], isReExport: false },
    ],
    [
      "export * from './a';",
      { specifier: './a', isTypeOnly: false, names: ['*'], isReExport: true },
    ],
    [
      "export { type A, b } from './a';",
      { specifier: './a', isTypeOnly: false, names: ['A', 'b'], isReExport: true },
    ],
    [
      "type A = import('./a').A;",
      { specifier: './a', isTypeOnly: true, names: ['*'], isReExport: false },
    ],
    [
      "void import('./a');",
      { specifier: './a', isTypeOnly: false, names: ['*'], isReExport: false },
    ],
  ])('with %j has its import', (text, found) => {
    expect(importsIn('a.ts', text)).toEqual([found]);
  });
});

describe('every folder', () => {
  it('has at most 16 source files', () => {
    const perFolder = new Map<string, number>();
    for (const file of shippedFiles()) {
      const folder = path.dirname(file);
      perFolder.set(folder, (perFolder.get(folder) ?? 0) + 1);
    }
    expect([...perFolder].filter(([, count]) => count > 16)).toEqual([]);
  });

  it('of packages/ says in its index.ts what it is for', () => {
    const isSaid = (name: string) =>
      /^\/\*\*[\s\S]+?\.\s*(\n \*)?\s*\*\//.test(read(`packages/${name}/index.ts`));
    expect(packageNames.filter((name) => !isSaid(name))).toEqual([]);
  });
});

describe('a name', () => {
  it('stands for one thing wherever it is exported, and for one type', () => {
    const sources = files.filter(
      (file) => (shipped.test(file) || file.startsWith('bench/')) && file.endsWith('.ts'),
    );
    const texts = new Map(sources.map((file) => [file, read(file)]));
    expect(namesDeclaredTwice(texts)).toEqual([]);
  });

  it.each<[what: string, one: string, other: string, found: string[]]>([
    ['two exports', 'export const a = 1;', 'export function a() {}', ['a: one.ts, other.ts']],
    ['an export and a type', 'export const a = 1;', 'type a = 1;', []],
    [
      'two types of which one is private',
      'type A = 1;',
      'export class A {}',
      ['A: one.ts, other.ts'],
    ],
    ['two private types', 'type A = 1;', 'interface A {}', ['A: one.ts, other.ts']],
    ['two private constants', 'const a = 1;', 'const a = 2;', []],
    ['what is passed on', 'export const a = 1;', "export { a } from './one';", []],
  ])(
    'that is declared as %s is found where it stands for two things',
    (_what, one, other, found) => {
      const texts = new Map([
        ['one.ts', one],
        ['other.ts', other],
      ]);
      expect(namesDeclaredTwice(texts)).toEqual(found);
    },
  );
});

describe('every shipped file', () => {
  it('has no cast through unknown', () => {
    expect(shippedFiles().filter((file) => /\bas unknown as\b/.test(read(file)))).toEqual([]);
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
