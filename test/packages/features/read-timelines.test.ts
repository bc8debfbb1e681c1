import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { defineFeatureGroup } from '../../../packages/features';
import { readTimelines } from '../../../packages/features/read-timelines';
import { writeListFile } from '../../../packages/list-files';
import { createScratchDirectory } from '../../environment/scratch-directory';

const [logins] = defineFeatureGroup({
  source: 'user_events',
  features: {
    logins_1d: {
      type: 'int32',
      unit: 'logins',
      description: 'How many.',
      aggregate: { kind: 'count' },
      windowDays: 1,
    },
  },
});

describe('readTimelines', () => {
  const scratch = createScratchDirectory();
  const parts: { file: string; users: number; bytes: number }[] = [];

  /** Of one user each, who has as many logins as the place of the part, each at that time. */
  beforeAll(async () => {
    for (let part = 0; part < 20; part += 1) {
      const file = path.join(scratch.path, `${part}.lists`);
      const list = { offsets: Int32Array.of(0, part), values: new Float64Array(part).fill(part) };
      const bytes = await writeListFile(file, { rows: 1, lists: [list] });
      parts.push({ file, users: 1, bytes });
    }
  });

  afterAll(() => scratch.remove());

  it('leaves the lists of a part as they are until the next is asked for', async () => {
    const blocks = readTimelines(
      { lastArrival: 0n, parts },
      { features: [logins!], isAsked: () => true },
    );
    let part = 0;
    for await (const block of blocks) {
      const { entered } = await block.seriesOf(logins!);
      // The next part has been read when this has.
      for (const { file } of parts.slice(0, 5)) await readFile(file);
      expect(block.users).toEqual({ from: part, until: part + 1 });
      expect([...entered.times]).toEqual(Array<number>(part).fill(part));
      part += 1;
    }
    expect(part).toBe(parts.length);
  });

  it('reads no part that nobody asks for', async () => {
    const isAsked = (from: number) => from % 2 === 1;
    const gone = parts.map((part, at) => (isAsked(at) ? part : { ...part, file: 'nowhere' }));
    const found: number[] = [];
    const options = { features: [logins!], isAsked };
    for await (const { users } of readTimelines({ lastArrival: 0n, parts: gone }, options)) {
      found.push(users.from);
    }
    expect(found).toEqual([...parts.keys()].filter(isAsked));
  });
});
