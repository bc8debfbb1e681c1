import { evaluateInModule, read, repositoryFiles, root } from '../repository-files';

describe('the recorded seconds of test files', () => {
  it('are of files that are there', () => {
    const recorded = Object.keys(JSON.parse(read('test/environment/test-seconds.json')) as object);
    const files = new Set(repositoryFiles('test'));
    expect(recorded.filter((file) => !files.has(file))).toEqual([]);
  });

  it('are those of three or more, rounded, in the order of names', () => {
    const timed = (name: string, milliseconds: number) => ({
      name: `${root}/test/${name}.test.ts`,
      startTime: 1_000,
      endTime: 1_000 + milliseconds,
    });
    const results = [timed('b', 30_499), timed('short', 2_400), timed('a', 2_600)];
    const text = evaluateInModule<string>(
      'bin/tests/record-seconds.mjs',
      'JSON.stringify(module.longOnes(input))',
      results,
    );
    expect(text).toBe('{"test/a.test.ts":3,"test/b.test.ts":30}');
  });
});
