import path from 'node:path';

/** The repository root, both from the sources and from dist/. */
export function repositoryRoot(): string {
  const root = path.resolve(__dirname, '../..');
  return path.basename(root) === 'dist' ? path.dirname(root) : root;
}
