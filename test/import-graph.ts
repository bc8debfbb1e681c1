import path from 'node:path';
import ts from 'typescript';
import { read, repositoryFiles } from './repository-files';

/** One import, re-export, `import()` or `import('…')` type, as it is written in a file. */
export interface Import {
  readonly specifier: string;
  /** Whether it vanishes when types are stripped. */
  readonly isTypeOnly: boolean;
  /** The names that are asked for, as the other file exports them; `*` for all of them. */
  readonly names: readonly string[];
  /** Whether they are passed on: `export … from`. */
  readonly isReExport: boolean;
}

/** The import statements of each file, by its path from the root. */
export type ImportsByFile = ReadonlyMap<string, readonly Import[]>;

/** An arrow from a node to others: files that import files, or folders that use folders. */
export type Graph = ReadonlyMap<string, ReadonlySet<string>>;

const shipped = /^(packages|workflows|activities|worker|api|temporal-config)\/.*\.ts$/;

/** The files that are shipped, declarations excluded. */
export function shippedFiles(): string[] {
  return repositoryFiles().filter((file) => shipped.test(file) && !file.endsWith('.d.ts'));
}

export function readImports(files: readonly string[]): ImportsByFile {
  return new Map(files.map((file) => [file, importsIn(file, read(file))]));
}

/** Reads the imports of a TypeScript file with the compiler's own parser. */
export function importsIn(file: string, text: string): Import[] {
  const imports: Import[] = [];
  const visit = (node: ts.Node): void => {
    const found = importOf(node);
    if (found) imports.push(found);
    ts.forEachChild(node, visit);
  };
  visit(parse(file, text));
  return imports;
}

function parse(file: string, text: string): ts.SourceFile {
  return ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
}

function importOf(node: ts.Node): Import | undefined {
  if (ts.isImportDeclaration(node)) {
    const { importClause: clause } = node;
    return {
      specifier: textOf(node.moduleSpecifier),
      isTypeOnly: isTypeOnlyClause(clause),
      names: namesOf(clause),
      isReExport: false,
    };
  }
  if (ts.isExportDeclaration(node) && node.moduleSpecifier) return reExportOf(node);
  if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) {
    const specifier = textOf(node.argument.literal);
    return { specifier, isTypeOnly: true, names: ['*'], isReExport: false };
  }
  const isDynamic =
    ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword;
  const [specifier] = isDynamic ? node.arguments : [];
  return specifier && ts.isStringLiteral(specifier)
    ? { specifier: specifier.text, isTypeOnly: false, names: ['*'], isReExport: false }
    : undefined;
}

function reExportOf(node: ts.ExportDeclaration): Import {
  const { exportClause: clause, moduleSpecifier } = node;
  const elements = clause && ts.isNamedExports(clause) ? [...clause.elements] : undefined;
  return {
    specifier: textOf(moduleSpecifier!),
    isTypeOnly: node.isTypeOnly || (elements?.every((one) => one.isTypeOnly) ?? false),
    names: elements?.map((one) => (one.propertyName ?? one.name).text) ?? ['*'],
    isReExport: true,
  };
}

function textOf(node: ts.Node): string {
  if (!ts.isStringLiteral(node)) throw new Error('an import names its module by a string');
  return node.text;
}

function isTypeOnlyClause(clause: ts.ImportClause | undefined): boolean {
  if (!clause) return false;
  if (clause.phaseModifier === ts.SyntaxKind.TypeKeyword) return true;
  const { namedBindings } = clause;
  if (clause.name || !namedBindings || !ts.isNamedImports(namedBindings)) return false;
  return namedBindings.elements.length > 0 && namedBindings.elements.every((one) => one.isTypeOnly);
}

function namesOf(clause: ts.ImportClause | undefined): string[] {
  if (!clause) return [];
  const { namedBindings } = clause;
  const named =
    namedBindings && ts.isNamedImports(namedBindings)
      ? namedBindings.elements.map((one) => (one.propertyName ?? one.name).text)
      : namedBindings
        ? ['*']
        : [];
  return clause.name ? ['default', ...named] : named;
}

/** The file of the repository that a relative specifier names; undefined where there is none. */
export function resolveImport(
  files: ReadonlySet<string>,
  from: string,
  specifier: string,
): string | undefined {
  if (!specifier.startsWith('.')) return undefined;
  const target = path.posix.join(path.posix.dirname(from), specifier);
  const candidates = [`${target}.ts`, path.posix.join(target, 'index.ts')];
  return candidates.find((file) => files.has(file));
}

/** Which file imports which, types included. */
export function fileGraph(imports: ImportsByFile): Graph {
  const files = new Set(imports.keys());
  return new Map(
    [...imports].map(([file, list]) => [
      file,
      new Set(list.flatMap(({ specifier }) => resolveImport(files, file, specifier) ?? [])),
    ]),
  );
}

/**
 * Which folder uses which, among folders that lie side by side: what a folder holds counts as its
 * own, and files beside it in the parent count for neither.
 */
export function folderGraph(files: Graph): Graph {
  const folders = new Map<string, Set<string>>();
  for (const [from, targets] of files) {
    for (const to of targets) {
      const [one, other] = siblings(from, to) ?? [];
      if (one === undefined || other === undefined) continue;
      folders.set(one, (folders.get(one) ?? new Set()).add(other));
    }
  }
  return folders;
}

/** The two folders in which the ways to two files part; undefined where one of them has none. */
function siblings(from: string, to: string): [string, string] | undefined {
  const one = segmentsOf(from);
  const other = segmentsOf(to);
  let depth = 0;
  while (depth < one.length && one[depth] === other[depth]) depth += 1;
  if (depth >= one.length || depth >= other.length) return undefined;
  return [one.slice(0, depth + 1).join('/'), other.slice(0, depth + 1).join('/')];
}

/** A folder's way from the root, a package being one step: packages/ itself is no room. */
function segmentsOf(file: string): string[] {
  return path.posix
    .dirname(file)
    .replace(/^packages\//, 'packages:')
    .split('/')
    .map((segment) => segment.replace(':', '/'));
}

/** The circles of a graph: sets of nodes that reach each other (Tarjan, 1972), each sorted. */
export function circlesOf(graph: Graph): string[][] {
  const order = new Map<string, number>();
  const lowest = new Map<string, number>();
  const path: string[] = [];
  const circles: string[][] = [];
  const visit = (node: string): void => {
    order.set(node, order.size);
    lowest.set(node, order.get(node)!);
    path.push(node);
    for (const next of graph.get(node) ?? []) {
      if (!order.has(next)) visit(next);
      if (path.includes(next)) {
        lowest.set(node, Math.min(lowest.get(node)!, lowest.get(next)!));
      }
    }
    if (lowest.get(node) !== order.get(node)) return;
    const circle = path.splice(path.indexOf(node));
    if (circle.length > 1) circles.push(circle.sort());
  };
  for (const node of graph.keys()) if (!order.has(node)) visit(node);
  return circles;
}

/** What an area (a row of architecture.mjs) really uses, as the table would name it. */
export interface Use {
  readonly area: string;
  /** A row of the table, `npm:<package>` or `node:<module>`. */
  readonly uses: string;
  readonly isTypeOnly: boolean;
}

export function areaOf(file: string): string {
  const [first = '', second] = file.split('/');
  return first === 'packages' ? `packages/${second}` : first;
}

export function usesOf(imports: ImportsByFile): Use[] {
  return [...imports].flatMap(([file, list]) =>
    list.flatMap(({ specifier, isTypeOnly }) => {
      const area = areaOf(file);
      const uses = usedName(file, specifier);
      return uses === area ? [] : [{ area, uses, isTypeOnly }];
    }),
  );
}

function usedName(file: string, specifier: string): string {
  if (specifier.startsWith('.')) {
    return areaOf(path.posix.join(path.posix.dirname(file), specifier));
  }
  if (specifier.startsWith('node:')) return specifier;
  return `npm:${specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/')}`;
}

/**
 * The grants of the table that nothing uses, as `area: grant`; and those of values of which only
 * types are used, as `area: grant (types only)`.
 */
export function unusedGrants(
  table: Readonly<Record<string, readonly string[]>>,
  uses: readonly Use[],
): string[] {
  return Object.entries(table).flatMap(([area, grants]) => {
    const own = uses.filter((use) => use.area === area);
    return grants
      .filter((grant) => grant !== '*')
      .flatMap((grant) => {
        const name = grant.replace(/^types:/, '');
        const matching = own.filter(({ uses: used }) =>
          name.endsWith('*') ? used.startsWith(name.slice(0, -1)) : used === name,
        );
        if (matching.length === 0) return [`${area}: ${grant}`];
        const isLoose = name === grant && matching.every(({ isTypeOnly }) => isTypeOnly);
        return isLoose ? [`${area}: ${grant} (types only)`] : [];
      });
  });
}

/** The names that a file declares and exports itself; re-exports are not among them. */
export function exportsIn(file: string, text: string): string[] {
  return parse(file, text).statements.flatMap((statement) => {
    if (ts.isExportDeclaration(statement)) {
      const { exportClause: clause, moduleSpecifier } = statement;
      if (moduleSpecifier || !clause || !ts.isNamedExports(clause)) return [];
      return clause.elements.map(({ name }) => name.text);
    }
    const isExported =
      ts.canHaveModifiers(statement) &&
      ts.getModifiers(statement)?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword);
    return isExported ? declaredNames(statement) : [];
  });
}

/** The types that a file declares at its top, exported or not. */
function typesIn(file: string, text: string): string[] {
  return parse(file, text).statements.flatMap((statement) =>
    ts.isInterfaceDeclaration(statement) ||
    ts.isTypeAliasDeclaration(statement) ||
    ts.isClassDeclaration(statement)
      ? declaredNames(statement)
      : [],
  );
}

/**
 * The names that two files declare, as `name: file, file`: of anything exported, and of types whether
 * they are exported or not. A function or constant of one file alone may be called as another is.
 */
export function namesDeclaredTwice(texts: ReadonlyMap<string, string>): string[] {
  const exporting = new Map<string, Set<string>>();
  const typing = new Map<string, Set<string>>();
  const note = (declaring: Map<string, Set<string>>, name: string, file: string) =>
    declaring.set(name, (declaring.get(name) ?? new Set()).add(file));
  for (const [file, text] of texts) {
    for (const name of exportsIn(file, text)) note(exporting, name, file);
    for (const name of typesIn(file, text)) note(typing, name, file);
  }
  const names = new Set([...exporting.keys(), ...typing.keys()]);
  return [...names].sort().flatMap((name) => {
    const repeated = [exporting, typing].flatMap((declaring) => {
      const declared = declaring.get(name) ?? new Set<string>();
      return declared.size > 1 ? [...declared] : [];
    });
    return repeated.length > 0 ? [`${name}: ${[...new Set(repeated)].sort().join(', ')}`] : [];
  });
}

function declaredNames(statement: ts.Statement): string[] {
  if (ts.isVariableStatement(statement)) {
    return statement.declarationList.declarations.flatMap(({ name }) =>
      ts.isIdentifier(name) ? [name.text] : [],
    );
  }
  const { name } = statement as ts.Statement & { readonly name?: ts.Identifier };
  return name ? [name.text] : [];
}

/**
 * The exports that nothing shipped asks for, as `file: name`. Types, and what its own file uses too,
 * are left alone: those are exported to be named and tested. A door (index.ts) passes names on; it
 * has to be asked for each of them by a file outside, which is not a test.
 */
export function unusedExports(imports: ImportsByFile, entries: ReadonlySet<string>): string[] {
  const files = new Set(imports.keys());
  const asked = askedFor(imports, entries);
  const isAsked = (file: string, name: string) =>
    asked.has(`${file}: ${name}`) || asked.has(`${file}: *`);
  return [...files]
    .filter((file) => !entries.has(file))
    .flatMap((file) => {
      const names = isDoor(file)
        ? imports.get(file)!.flatMap((one) => (one.isReExport ? one.names : []))
        : exportsIn(file, read(file)).filter((name) => !isUsedInside(read(file), name));
      return names
        .filter((name) => name !== '*' && !isAsked(file, name))
        .map((name) => `${file}: ${name}`);
    });
}

function isDoor(file: string): boolean {
  return path.posix.basename(file) === 'index.ts';
}

function isUsedInside(text: string, name: string): boolean {
  return text.split(new RegExp(`\\b${name}\\b`)).length > 2;
}

/** Every `file: name` that some file asks for, doors followed to where the name is declared. */
function askedFor(imports: ImportsByFile, entries: ReadonlySet<string>): ReadonlySet<string> {
  const files = new Set(imports.keys());
  const asked = new Set<string>();
  const ask = (file: string, name: string): void => {
    const key = `${file}: ${name}`;
    if (asked.has(key)) return;
    asked.add(key);
    if (!isDoor(file)) return;
    for (const { specifier, names, isReExport } of imports.get(file) ?? []) {
      const target = isReExport ? resolveImport(files, file, specifier) : undefined;
      if (target === undefined) continue;
      const isPassedOn = name === '*' || names.includes(name) || names[0] === '*';
      if (isPassedOn) for (const one of name === '*' ? names : [name]) ask(target, one);
    }
  };
  for (const [file, list] of imports) {
    for (const { specifier, names, isReExport } of list) {
      if (isReExport && isDoor(file) && !entries.has(file)) continue;
      const target = resolveImport(files, file, specifier);
      if (target !== undefined) for (const name of names) ask(target, name);
    }
  }
  return asked;
}
