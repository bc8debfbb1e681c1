import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { defineFeatureGroup } from '../../../../packages/features/language/define-feature-group';
import { readTimelines } from '../../../../packages/features/history/read-timelines';
import { writeListColumnFile } from '../../../../packages/list-columns/write-list-file';
import { createScratchDirectory } from '../../../environment/scratch-directory';

const prose = { type: 'int32', unit: 'things', description: 'How many.', windowDays: 1 } as const;

const [logins, sessions] = defineFeatureGroup({
  source: 'user_events',
  features: {
    logins_1d: { ...prose, aggregate: { kind: 'count' } },
    sessions_1d: { ...prose, aggregate: { kind: 'count-distinct', column: 'session_id' } },
  },
});

const [spend] = defineFeatureGroup({
  source: 'billing_events',
  features: {
    spend_1d: { ...prose, type: 'float64', aggregate: { kind: 'sum', column: 'amount_cents' } },
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
      const bytes = await writeListColumnFile(file, [{ rows: 1, lists: [list] }]);
      parts.push({ file, users: 1, bytes });
    }
  });

  afterAll(() => scratch.remove());

  it('leaves the lists of a part as they are until the next is asked for', async () => {
    const blocks = readTimelines(
      { lastArrival: 0n, parts },
      { features: [logins!], userCount: parts.length, isAsked: () => true },
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
    const options = { features: [logins!], userCount: parts.length, isAsked };
    for await (const { users } of readTimelines({ lastArrival: 0n, parts: gone }, options)) {
      found.push(users.from);
    }
    expect(found).toEqual([...parts.keys()].filter(isAsked));
  });

  it('refuses timelines of fewer or of more users', async () => {
    for (const userCount of [parts.length - 1, parts.length + 1]) {
      const options = { features: [logins!], userCount, isAsked: () => false };
      const blocks = readTimelines({ lastArrival: 0n, parts }, options);
      await expect(blocks.next()).rejects.toThrow('timelines of other users');
    }
  });

  it.each([
    ['values of fewer times', [logins!, spend!], [1, 2, 1]],
    ['sessions of more ends than starts', [sessions!], [1, 2, 1, 1]],
    ['pauses that do not end', [sessions!], [1, 1, 1, 0]],
  ])('refuses %s', async (_what, features, lengths) => {
    const file = path.join(scratch.path, 'pairs.lists');
    const lists = lengths.map((length) => ({
      offsets: Int32Array.of(0, length),
      values: new Float64Array(length),
    }));
    const bytes = await writeListColumnFile(file, [{ rows: 1, lists }]);
    const options = { features, userCount: 1, isAsked: () => true };
    const files = { lastArrival: 0n, parts: [{ file, users: 1, bytes }] };
    await expect(readTimelines(files, options).next()).rejects.toThrow('do not go together');
  });
});
