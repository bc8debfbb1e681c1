import { existsSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { dataPaths } from '../packages/config/data-paths';
import { loadConfig, settingNames } from '../packages/config/load-config';
import { errorCatalogue } from '../packages/contracts/errors';
import { wordsOf } from '../packages/cli/usage-error';
import { featureSet } from '../packages/features/feature-set';
import { decisionFiles, generatedParts, leafCommands, settings } from './generated-documentation';
import { linesOf, read, repositoryFiles, root } from './repository-files';

const files = repositoryFiles();
const pages = files.filter((file) => file.endsWith('.md'));

const partPattern = /<!-- generated: ([\w-]+) -->\n([^]*?)<!-- end of \1 -->/g;
const parts = pages.flatMap((page) =>
  [...read(page).matchAll(partPattern)].map(([, name, text]) => ({
    page,
    name: name!,
    text: text!,
  })),
);

describe('what the pages say of the code', () => {
  if (process.env.CHURN_UPDATE_DOCS) updatePages();

  it.each(parts)('$page has the $name of the code', ({ name, text }) => {
    expect(normalised(text)).toEqual(normalised(generatedParts[name]!()));
  });

  it('is shown somewhere, every part of it', () => {
    expect(new Set(parts.map(({ name }) => name))).toEqual(new Set(Object.keys(generatedParts)));
  });
});

/** Prettier pads the cells of tables; that is no difference. */
function normalised(text: string): string[] {
  return text
    .split('\n')
    .map((line) => line.replaceAll(/\s+/g, ' ').replaceAll(/-{3,}/g, '---').trim())
    .filter((line) => line !== '');
}

function updatePages(): void {
  for (const page of new Set(parts.map((part) => part.page))) {
    const text = read(page).replaceAll(
      partPattern,
      (_whole, name: string) =>
        `<!-- generated: ${name} -->\n\n${generatedParts[name]!()}\n\n<!-- end of ${name} -->`,
    );
    writeFileSync(path.join(root, page), text);
  }
}

describe('.env.example', () => {
  it('has every setting, with a comment', () => {
    expect(
      settings()
        .map(({ name }) => name)
        .sort(),
    ).toEqual([...settingNames]);
    expect(settings().filter(({ meaning }) => meaning === '')).toEqual([]);
  });

  it('has the defaults of the code', () => {
    const written = Object.fromEntries(settings().map(({ name, value }) => [name, value]));
    expect(loadConfig(written)).toEqual(loadConfig({}));
  });
});

describe('a command that a page or an error names', () => {
  const commands = new Map(leafCommands().map((command) => [wordsOf(command), command]));
  const options = ['--help', '--json'];

  const named = [
    ...pages.flatMap((page) => commandsIn(read(page)).map((line) => ({ where: page, line }))),
    ...Object.entries(errorCatalogue).flatMap(([where, { message }]) =>
      commandsIn(message).map((line) => ({ where, line })),
    ),
  ];

  it('is one of the command line', () => {
    const unknown = named.filter(({ line }) => commandOf(line) === undefined);
    expect(unknown).toEqual([]);
    expect(named.length).toBeGreaterThan(50);
  });

  it('has the options that are given to it', () => {
    const wrong = named.filter(({ line }) => {
      const known = commandOf(line)?.options.map(({ long }) => long) ?? [];
      const given = [...line.matchAll(/(?<=^|[\s[|])--[a-z][a-z-]*/g)].map(([option]) => option);
      return given.some((option) => !known.includes(option) && !options.includes(option));
    });
    expect(wrong).toEqual([]);
  });

  function commandOf(line: string) {
    const [first = '', second = ''] = line.split(/\s+/);
    return commands.get(`churn ${first} ${second}`) ?? commands.get(`churn ${first}`);
  }
});

/** What follows `churn ` in code, without comments and prompts. */
function commandsIn(text: string): string[] {
  const blocks = [...text.matchAll(/^```(?:sh|bash|console)\n([^]*?)^```/gm)].map(
    ([, body]) => body!,
  );
  const inBlocks = blocks.flatMap((body) =>
    [...body.matchAll(/^(?:\$ )?(?:[A-Z_]+=\S+ )*(?:npx )?churn ([a-z][^\n#|]*)/gm)].map(
      ([, line]) => line!,
    ),
  );
  const inSpans = [...text.matchAll(/`(?:[A-Z_]+=\S+ )?(?:npx )?churn ([a-z][^`…]*)`/g)].map(
    ([, line]) => line!,
  );
  return [...inBlocks, ...inSpans].map((line) => line.trim());
}

describe('README.md', () => {
  const readme = read('README.md');

  it('fits on 100 lines, apart from the lists that grow with the code', () => {
    const written = readme.replaceAll(/<!-- generated: (.*) -->[^]*?<!-- end of \1 -->/g, '');
    expect(written.trimEnd().split('\n').length).toBeLessThanOrEqual(100);
  });

  it('points to every page of docs/', () => {
    const linked = new Set([...readme.matchAll(/\]\(([^)#]+)/g)].map(([, target]) => target));
    const own = pages.filter((page) => /^docs\/[\w-]+\.md$/.test(page));
    const written = own.filter((page) => page !== 'docs/testing-evidence.md');
    expect(written.filter((page) => !linked.has(page))).toEqual([]);
  });

  it('says where to change what with files that exist', () => {
    const rows = readme.slice(readme.indexOf('## Where do I change')).split('\n## ')[0]!;
    const targets = [...rows.matchAll(/`([\w./-]+\/[\w./-]*|[\w.-]+\.mjs)`/g)].map(
      ([, file]) => file!,
    );
    expect(targets.filter((file) => !existsSync(path.join(root, file)))).toEqual([]);
    expect(targets.length).toBeGreaterThan(10);
  });
});

describe('docs/FEATURES.md', () => {
  const sections = new Map(
    read('docs/FEATURES.md')
      .split(/^### /m)
      .slice(1)
      .map((section) => [/^`(\w+)`/.exec(section)?.[1] ?? '', section]),
  );

  it('has a section for every feature and the label, and no other', () => {
    const names = featureSet.columns.slice(2).map(({ name }) => name);
    expect([...sections.keys()]).toEqual(names);
  });

  it.each(featureSet.features)('says window, source and unit of $name', (feature) => {
    const section = sections.get(feature.name)!;
    expect(section).toContain(`\`${feature.source}\``);
    expect(section).toContain(feature.unit);
    expect(section).toContain(feature.type);
    if (feature.windowDays) expect(section).toContain(`(T − ${feature.windowDays} d, T]`);
    if (feature.eventType) expect(section).toContain(`\`${feature.eventType}\``);
  });

  it('says horizon and event of the label', () => {
    const { name, horizonDays, cancelledBy } = featureSet.label;
    expect(sections.get(name)).toContain(`(T, T + ${horizonDays} d]`);
    expect(sections.get(name)).toContain(`\`${cancelledBy.eventType}\``);
  });
});

describe('docs/OPERATIONS.md', () => {
  it('says what lies in every folder of an installation', () => {
    const { root: base, ...folders } = dataPaths('/');
    const names = Object.values(folders).map((folder) => folder.slice(base.length));
    const text = read('docs/OPERATIONS.md');
    expect(names.filter((name) => !text.includes(`\`${name}`))).toEqual([]);
  });

  it('says what every warning of an import means', () => {
    const [, type = ''] = /readonly code:([^;]*);/.exec(read('packages/raw-data/load-warning.ts'))!;
    const [, section = ''] = /^### Warnings$([^]*?)^#/m.exec(read('docs/OPERATIONS.md'))!;
    const listed = [...section.matchAll(/^\| `(\w+)`/gm)].map(([, code]) => code!);
    const codes = [...type.matchAll(/'(\w+)'/g)].map(([, code]) => code!);
    expect(listed.sort()).toEqual(codes.sort());
  });
});

describe('docs/testing.md', () => {
  it('says what every suffix of a test means', () => {
    const suffixes = files.flatMap((file) => /\.\w+\.test\.ts$|\.test\.ts$/.exec(file)?.[0] ?? []);
    const text = read('docs/testing.md');
    expect([...new Set(suffixes)].filter((suffix) => !text.includes(`\`*${suffix}\``))).toEqual([]);
  });
});

describe('docs/decisions', () => {
  it('are numbered without a gap', () => {
    const numbers = decisionFiles().map((file) => Number(file.slice(0, 4)));
    expect(numbers).toEqual(numbers.map((_, index) => index + 1));
  });

  it.each(decisionFiles())('%s has status, context, decision and consequences', (file) => {
    const headings = [...read(`docs/decisions/${file}`).matchAll(/^## (.+)$/gm)].map(
      ([, name]) => name,
    );
    expect(headings).toEqual(['Status', 'Context', 'Decision', 'Consequences']);
  });
});

describe('a link between pages', () => {
  const links = pages.flatMap((page) =>
    [...withoutCode(read(page)).matchAll(/\]\((?!https?:)([^)#\s]*)(?:#([^)\s]+))?\)/g)].map(
      ([, target, anchor]) => ({
        page,
        target: target ? path.posix.join(path.posix.dirname(page), target) : page,
        anchor,
      }),
    ),
  );

  it('leads to a file that exists', () => {
    expect(links.filter(({ target }) => !existsSync(path.join(root, target)))).toEqual([]);
    expect(links.length).toBeGreaterThan(30);
  });

  it('leads to a heading that exists', () => {
    const lost = links.filter(
      ({ target, anchor }) => anchor && !anchorsOf(target).includes(anchor),
    );
    expect(lost).toEqual([]);
  });
});

function withoutCode(text: string): string {
  return text.replaceAll(/^```[^]*?^```/gm, '');
}

/** As GitHub makes them of headings. */
function anchorsOf(page: string): string[] {
  return [...withoutCode(read(page)).matchAll(/^#+ (.+)$/gm)].map(([, heading]) =>
    heading!
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(' ', '-'),
  );
}

describe('a target of make that a page names', () => {
  it('is in the Makefile', () => {
    const targets = new Set(
      [...read('Makefile').matchAll(/^([a-z-]+):/gm)].map(([, name]) => name),
    );
    const named = pages.flatMap((page) =>
      [...read(page).matchAll(/(?:`|^)make ([a-z-]+)/gm)].map(([, target]) => ({ page, target })),
    );
    expect(named.filter(({ target }) => !targets.has(target))).toEqual([]);
    expect(named.length).toBeGreaterThan(10);
  });
});

describe('a benchmark', () => {
  const listed = [...read('bench/main.ts').matchAll(/^ {2}'?([a-z-]+)'?:(?= |$)/gm)].map(
    ([, name]) => name!,
  );

  it('is a script of the name that `make bench` lists', () => {
    expect(listed.filter((name) => !files.includes(`bench/${name}.ts`))).toEqual([]);
    expect(listed.length).toBeGreaterThan(3);
  });

  it('is listed if a page names it', () => {
    const named = pages.flatMap((page) =>
      [...read(page).matchAll(/make bench ARGS="([a-z-]+)/g)].map(([, name]) => name!),
    );
    expect(named).not.toEqual([]);
    expect(named.filter((name) => !listed.includes(name))).toEqual([]);
  });
});

describe('the files of the repository', () => {
  const foreign: [string, RegExp][] = [
    ['a path of somebody’s machine', /(?<![\w.])\/(work|root|Users)\/|[A-Z]:\\Users/],
    ['somebody’s home folder', /(?<![\w.])\/home\/(?!(a|someone|temporal|node)\b)/],
    [
      'the host of a package registry',
      /registry\.(npmjs|yarnpkg)|proxy\.golang|repo1?\.maven|pypi\.org/,
    ],
    ['a mirror of a package registry', /"resolved": "https?:|arti[f]actory|\/nexu[s]\//i],
  ];

  it.each(foreign)('do not name %s', (_what, pattern) => {
    const found = files.flatMap((file) =>
      linesOf(file).flatMap((line, index) => (pattern.test(line) ? [`${file}:${index + 1}`] : [])),
    );
    expect(found).toEqual([]);
  });
});
