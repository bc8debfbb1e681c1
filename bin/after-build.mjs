#!/usr/bin/env node
// The last part of a build: what the compiler leaves out (pages, styles) goes to dist/, `npx churn`
// finds this checkout's command line, and stamps say what the build was made from.
import { copyFileSync, lstatSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { commitOf } from './commit-of.mjs';
import { hashOfSources, root, sourceFiles } from './source-files.mjs';

const pageFile = /\.(html|css|js|svg|png|ico|txt|woff2)$/;

for (const file of sourceFiles().filter((name) => pageFile.test(name))) {
  const target = path.join(root, 'dist', file);
  mkdirSync(path.dirname(target), { recursive: true });
  copyFileSync(path.join(root, file), target);
}
linkCommand();
writeFileSync(path.join(root, 'dist', '.build-stamp'), hashOfSources());
stampCommit();

/** For the metadata of models; a copy without git is known by package.json's version. */
function stampCommit() {
  const stamp = path.join(root, 'dist', '.commit');
  const commit = commitOf(root);
  if (commit === undefined) rmSync(stamp, { force: true });
  else writeFileSync(stamp, commit);
}

/** package.json has no "bin": npm would not link it for the package itself. */
function linkCommand() {
  const link = path.join(root, 'node_modules', '.bin', 'churn');
  if (lstatSync(link, { throwIfNoEntry: false })?.isSymbolicLink()) return;
  mkdirSync(path.dirname(link), { recursive: true });
  rmSync(link, { force: true });
  symlinkSync('../../bin/churn.mjs', link);
}
