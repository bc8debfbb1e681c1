import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import {
  appendDurably,
  linkInPlaceOf,
  makeFolder,
  publishFolder,
  readTextIfThere,
  removeAtOnce,
  replaceDurably,
} from '../../../packages/durable-files/durable-files';
import { sha256OfFile } from '../../../packages/durable-files/file-hash';
import { asStorageError } from '../../../packages/durable-files/storage-error';
import { createScratchDirectory } from '../../environment/scratch-directory';

const scratch = createScratchDirectory();
const at = (...names: string[]) => path.join(scratch.path, ...names);
afterAll(() => scratch.remove());

describe('a text', () => {
  it('is replaced as a whole, and leaves no temporary file', async () => {
    mkdirSync(at('replaced'));
    await replaceDurably(at('replaced', 'state.json'), 'a longer old text');
    await replaceDurably(at('replaced', 'state.json'), 'new');

    expect(readFileSync(at('replaced', 'state.json'), 'utf8')).toBe('new');
    expect(readdirSync(at('replaced'))).toEqual(['state.json']);
  });

  it('is added to what is there, under the mode that a new file is given', async () => {
    await appendDurably(at('log'), 'one\n', 0o600);
    await appendDurably(at('log'), 'two\n', 0o644);

    expect(readFileSync(at('log'), 'utf8')).toBe('one\ntwo\n');
    expect(statSync(at('log')).mode & 0o777).toBe(0o600);
  });

  it('is undefined where there is no file, and an error where there is a folder', async () => {
    expect(await readTextIfThere(at('missing'))).toBeUndefined();
    await expect(readTextIfThere(scratch.path)).rejects.toMatchObject({ code: 'EISDIR' });
  });
});

it('links a file, also in the place of what a killed attempt left', async () => {
  writeFileSync(at('source'), 'new');
  writeFileSync(at('link'), 'left');
  await linkInPlaceOf(at('link'), at('source'));

  expect(readFileSync(at('link'), 'utf8')).toBe('new');
  expect(statSync(at('link')).ino).toBe(statSync(at('source')).ino);
});

describe('a folder', () => {
  const fill = (name: string, text: string) => {
    mkdirSync(at(name));
    writeFileSync(at(name, 'file'), text);
  };

  it('appears at once, also in the place of an empty one', async () => {
    fill('staged', 'new');
    mkdirSync(at('empty'));

    expect(await publishFolder(at('staged'), at('empty'))).toBe(true);
    expect(readFileSync(at('empty', 'file'), 'utf8')).toBe('new');
  });

  it('leaves one alone that holds something', async () => {
    fill('late', 'late');
    fill('published', 'first');

    expect(await publishFolder(at('late'), at('published'))).toBe(false);
    expect(readFileSync(at('published', 'file'), 'utf8')).toBe('first');
    expect(readdirSync(at('late'))).toEqual(['file']);
  });

  it('goes with all it holds and leaves no other name behind', async () => {
    mkdirSync(at('going', 'below'), { recursive: true });
    fill('going/folder', 'old');
    await removeAtOnce(at('going', 'folder'));
    await removeAtOnce(at('going', 'folder'));

    expect(readdirSync(at('going'))).toEqual(['below']);
  });

  it('that can not be made is a problem of the storage, whatever is in its way', async () => {
    writeFileSync(at('file'), '');
    for (const folder of [at('file'), at('file', 'below')]) {
      await expect(makeFolder(folder)).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE' });
    }
  });
});

it('hashes a file as sha256sum does', async () => {
  writeFileSync(at('abc'), 'abc');
  const expected = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad';
  expect(await sha256OfFile(at('abc'))).toBe(expected);
});

describe('an error', () => {
  const failed = (code: string) => Object.assign(new Error('failed'), { code });

  it.each([
    ['a full disk', failed('ENOSPC'), 'the disk is full'],
    ['a used up quota', failed('EDQUOT'), 'the disk quota is used up'],
    [
      'a limit on file sizes',
      failed('EFBIG'),
      'a file would exceed the limit on its size (ulimit -f)',
    ],
    ['a read-only disk', failed('EROFS'), 'it is on a read-only file system'],
    [
      'two disks',
      failed('EXDEV'),
      'its folders are on different file systems, but hard links need a single one',
    ],
    ['a folder of others', failed('EACCES'), 'permission denied'],
    ['a failing disk', failed('EIO'), 'the disk reports read or write errors'],
    ['too many open files', failed('EMFILE'), 'too many files are open (ulimit -n)'],
    [
      'a file that is named',
      Object.assign(failed('EACCES'), { path: '/data/features/x.parquet' }),
      'permission denied (x.parquet)',
    ],
  ])('%s is STORAGE_UNAVAILABLE', (_, error, problem) => {
    expect(asStorageError(error)).toMatchObject({
      code: 'STORAGE_UNAVAILABLE',
      details: { problem },
      cause: error,
    });
  });

  it.each([
    ['a missing file', failed('ENOENT')],
    ['a bug', new TypeError('x')],
    ['a text', 'oops'],
  ])('%s passes through', (_, error) => {
    expect(asStorageError(error)).toBe(error);
  });
});
