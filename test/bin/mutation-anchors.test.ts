import { existsSync } from 'node:fs';
import path from 'node:path';
import { evaluateInModule, read, root } from '../repository-files';

interface Mutation {
  readonly name: string;
  readonly file: string;
  readonly find: string;
  readonly replace: string;
  readonly tests: readonly string[];
}

const mutations = evaluateInModule<Mutation[]>('bin/mutation-list.mjs', 'module.mutations');

describe('every mutation', () => {
  it('has a name of its own', () => {
    const names = mutations.map(({ name }) => name);
    expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
  });

  it('finds what it replaces exactly once in its file', () => {
    const placesOf = ({ file, find }: Mutation) => read(file).split(find).length - 1;
    const lost = mutations.filter((mutation) => placesOf(mutation) !== 1);
    expect(lost.map((mutation) => `${mutation.name}: ${placesOf(mutation)} places`)).toEqual([]);
  });

  it('replaces it by something else', () => {
    expect(mutations.filter(({ find, replace }) => find === replace)).toEqual([]);
  });

  it('names tests that are there', () => {
    const lost = mutations.flatMap(({ name, tests }) =>
      tests.filter((test) => !existsSync(path.join(root, test))).map((test) => `${name}: ${test}`),
    );
    expect(lost).toEqual([]);
  });
});
