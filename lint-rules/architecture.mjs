import path from 'node:path';
import { mayUse } from '../architecture.mjs';

const root = path.resolve(import.meta.dirname, '..');

/** The architecture row a file belongs to: `packages/<name>` or a top-level folder. */
export function areaOf(file) {
  const [first, second] = path.relative(root, file).split(path.sep);
  return first === 'packages' ? `packages/${second}` : first;
}

function matches(rule, wanted) {
  return rule === wanted || (rule.endsWith('*') && wanted.startsWith(rule.slice(0, -1)));
}

/** Why `specifier` may not be imported from `file`, or undefined when it may. */
export function forbiddenImport(file, specifier, isTypeOnly) {
  const area = areaOf(file);
  const rules = mayUse[area];
  if (!rules || rules.includes('*')) return undefined;
  if (specifier.startsWith('.')) {
    const target = path.resolve(path.dirname(file), specifier);
    const targetArea = areaOf(target);
    if (targetArea === area) return undefined;
    const allowed =
      rules.some((rule) => matches(rule, targetArea)) ||
      (isTypeOnly && rules.includes(`types:${targetArea}`));
    if (!allowed) return `${area} may not import ${targetArea} (see architecture.mjs)`;
    const door = path.relative(path.join(root, targetArea), target);
    const isDoor = door === '' || door === 'index' || !targetArea.startsWith('packages/');
    return isDoor ? undefined : `enter ${targetArea} through its index.ts, not ${door}`;
  }
  const wanted = specifier.startsWith('node:') ? specifier : `npm:${packageName(specifier)}`;
  const isAllowed =
    rules.some((rule) => matches(rule, wanted)) ||
    (isTypeOnly && rules.includes(`types:${wanted}`));
  if (isAllowed) return undefined;
  return `${area} may not import ${specifier} (see architecture.mjs)`;
}

function packageName(specifier) {
  const parts = specifier.split('/');
  return specifier.startsWith('@') ? parts.slice(0, 2).join('/') : parts[0];
}

/** A rule of the linter: every import follows architecture.mjs. */
export const architectureRule = {
  meta: { type: 'problem', schema: [] },
  create(context) {
    const check = (node) => {
      if (!node.source) return;
      const isTypeOnly = node.importKind === 'type' || node.exportKind === 'type';
      const why = forbiddenImport(context.filename, node.source.value, isTypeOnly);
      if (why) context.report({ node, message: why });
    };
    return {
      ImportDeclaration: check,
      ExportNamedDeclaration: check,
      ExportAllDeclaration: check,
      ImportExpression: (node) => {
        if (node.source.type === 'Literal') check(node);
      },
    };
  },
};
