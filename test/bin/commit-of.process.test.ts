import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { createScratchDirectory } from '../environment/scratch-directory';
import { evaluateInModule } from '../repository-files';

describe('the commit of a folder', () => {
  const scratch = createScratchDirectory();
  const file = path.join(scratch.path, 'file');
  afterAll(scratch.remove);

  const commitOf = (folder: string) =>
    evaluateInModule<string | null>('bin/commit-of.mjs', 'module.commitOf(input) ?? null', folder);
  const git = (...args: string[]) => {
    const settings = ['user.name=t', 'user.email=t@t', 'commit.gpgsign=false'];
    const options = settings.flatMap((setting) => ['-c', setting]);
    const { status, stdout, stderr } = spawnSync('git', [...options, ...args], {
      cwd: scratch.path,
      encoding: 'utf8',
    });
    if (status !== 0) throw new Error(stderr);
    return stdout.trim();
  };

  it('is none without git, its own where it is a checkout, and says when files differ', () => {
    expect(commitOf(scratch.path)).toBeNull();
    git('init', '--quiet');
    writeFileSync(file, 'one');
    git('add', '.');
    git('commit', '--quiet', '--message', 'one');
    git('tag', '--annotate', 'v1', '--message', 'a tag is not a commit');
    const commit = git('rev-parse', 'HEAD');
    expect(commitOf(scratch.path)).toBe(commit);

    writeFileSync(file, 'two');
    expect(commitOf(scratch.path)).toBe(`${commit}-dirty`);

    const inside = path.join(scratch.path, 'unpacked');
    mkdirSync(inside);
    expect(commitOf(inside)).toBeNull();
  });
});
