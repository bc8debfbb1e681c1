/**
 * What `make test-deep` runs, in parts of which none should take an hour on two cores. A file of
 * laws is in several, each of which tries some of the cases; every other file is in one. A shard with
 * `variables` runs files once more, with these variables of the environment.
 *
 * @type {readonly { name: string, files: RegExp, portion?: string, variables?: object }[]} `files` is
 * matched with paths from the root, `/` between folders; a file is in the first shard without
 * `variables` that matches, and in further portions of that; `portion` becomes CHURN_LAW_PORTION
 * (test/laws/law-holds.ts)
 */
const portions = 4;
const laws = /^test\/(laws\/|packages\/features\/engine-agrees-with-oracle\.)/;

export const deepShards = [
  ...Array.from({ length: portions }, (_, index) => ({
    name: `laws-${index + 1}`,
    files: laws,
    portion: `${index + 1}/${portions}`,
  })),
  { name: 'kills', files: /^test\/acceptance\/kill-matrix\./ },
  { name: 'acceptance', files: /^test\/acceptance\// },
  { name: 'features-and-stores', files: /^test\/packages\/(features|offline-store|raw-data)\// },
  { name: 'everything-else', files: /^test\// },
  {
    name: 'workflows-without-cache',
    files: /\.workflow\.test\.ts$/,
    variables: { CHURN_TEST_WORKFLOW_CACHE: '0' },
  },
];

/** The files of a shard, of all files that there are. */
export function filesOf(shard, files) {
  if (shard.variables) return files.filter((file) => shard.files.test(file));
  return files.filter((file) => {
    const first = deepShards.find((other) => other.files.test(file));
    return first?.files === shard.files;
  });
}
