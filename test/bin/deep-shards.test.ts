import { evaluateInModule, read, repositoryFiles } from '../repository-files';

const testFiles = repositoryFiles('test').filter((file) => file.endsWith('.test.ts'));

interface Shard {
  name: string;
  portion?: string;
  variables?: Record<string, string>;
  files: string[];
}

const shards = evaluateInModule<Shard[]>(
  'bin/tests/deep-shards.mjs',
  `module.deepShards.map((shard) => ({
    name: shard.name,
    portion: shard.portion,
    variables: shard.variables,
    files: module.filesOf(shard, input),
  }))`,
  testFiles,
);

describe('the shards of the tests in full', () => {
  it('have names of their own and none is empty', () => {
    expect(new Set(shards.map(({ name }) => name)).size).toBe(shards.length);
    expect(shards.filter(({ files }) => files.length === 0)).toEqual([]);
  });

  it('hold every file in one shard, or in all portions of one', () => {
    const whole = testFiles.map((file) => {
      const those = shards.filter(({ files, variables }) => !variables && files.includes(file));
      const portions = those.map(({ portion }) => portion ?? '1/1');
      return { file, portions };
    });
    expect(whole).toEqual(
      whole.map(({ file, portions }) => ({ file, portions: allPortions(portions.length) })),
    );
  });

  it('try laws in portions, and nothing else', () => {
    const inPortions = shards.filter(({ portion }) => portion).flatMap(({ files }) => files);
    const usingLaws = testFiles.filter((file) => /\blawHolds\(/.test(read(file)));
    expect([...new Set(inPortions)].sort()).toEqual(usingLaws);
  });
});

describe('the shard without a cache of workflows', () => {
  it('runs every workflow test once more, each time as after a kill', () => {
    const again = shards.filter(({ variables }) => variables);
    expect(again).toEqual([
      {
        name: 'workflows-without-cache',
        variables: { CHURN_TEST_WORKFLOW_CACHE: '0' },
        files: testFiles.filter((file) => file.endsWith('.workflow.test.ts')),
      },
    ]);
    expect(read('test/workflows/workflow-rig.ts')).toContain('CHURN_TEST_WORKFLOW_CACHE');
  });
});

function allPortions(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `${index + 1}/${count}`);
}
