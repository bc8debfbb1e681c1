import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

export const root = path.resolve(__dirname, '..');

export const read = (file: string) => readFileSync(path.join(root, file), 'utf8');

const made = new Set(['node_modules', 'dist', 'coverage', '.git', '.cache', '__pycache__']);
const isMade = (name: string) => made.has(name) || name.startsWith('.local') || name === '.env';

/** Every file of the repository, relative to its root, sorted; nothing that is built or installed. */
export function repositoryFiles(folder = ''): string[] {
  return readdirSync(path.join(root, folder), { withFileTypes: true })
    .filter((entry) => !isMade(entry.name))
    .flatMap((entry) => {
      const file = path.posix.join(folder, entry.name);
      if (entry.isDirectory()) return repositoryFiles(file);
      return entry.isFile() ? [file] : [];
    })
    .sort();
}

/** The lines of a text file; none of a binary one. */
export function linesOf(file: string): string[] {
  const text = read(file);
  return text.includes('\0') ? [] : text.split('\n');
}

/** A value of an ES module of the repository, which Jest itself can not import. */
export function evaluateInModule<T>(file: string, expression: string, input: unknown = null): T {
  const module = JSON.stringify(path.join(root, file));
  const script = `import { readFileSync } from 'node:fs';
    import * as module from ${module};
    const input = JSON.parse(readFileSync(0, 'utf8'));
    process.stdout.write(JSON.stringify(${expression}));`;
  const args = ['--input-type=module', '-e', script];
  return JSON.parse(
    execFileSync(process.execPath, args, {
      cwd: root,
      encoding: 'utf8',
      input: JSON.stringify(input),
    }),
  ) as T;
}

/** The table of architecture.mjs. */
export function architecture(): Readonly<Record<string, readonly string[]>> {
  return evaluateInModule('architecture.mjs', 'module.mayUse');
}
