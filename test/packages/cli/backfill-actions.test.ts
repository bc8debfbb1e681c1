import {
  listBackfillsAction,
  tellBackfillAction,
} from '../../../packages/cli/actions/backfill-actions';
import type { CommandContext } from '../../../packages/cli/command-context';

const running = {
  id: 'b1',
  status: 'running',
  known_at: '2024-02-01T00:00:00.000000Z',
  planned: 3,
  succeeded: 1,
  skipped: 0,
  failed: ['2024-01-02'],
  errors: [],
  reason: null,
};
const paused = { ...running, id: 'b2', status: 'paused', reason: 'No worker has answered.' };

const contextOf = (services: object) =>
  ({ application: () => Promise.resolve({ services }) }) as unknown as CommandContext;

describe('the list of backfills', () => {
  it.each([
    [
      'is a table, with the reasons below',
      [running, paused],
      /^id .*\nb1 +running .* 3 .*\nb2 +paused .*\nb2: No worker has answered\.$/,
    ],
    ['says that there are none', [], /^No backfills\.$/],
  ])('%s', async (_what, backfills, text) => {
    const context = contextOf({ listBackfills: () => Promise.resolve(backfills) });
    const result = await listBackfillsAction({}, context);
    expect(result.document).toEqual({ backfills });
    expect(result.text).toMatch(text);
  });
});

describe('a backfill that is told what to do', () => {
  it.each([
    ['pause', true, 'Backfill b1 is paused.'],
    ['pause', false, 'Backfill b1 was paused already.'],
    ['resume', true, 'Backfill b1 is running.'],
    ['resume', false, 'Backfill b1 was running already.'],
    ['cancel', true, 'Backfill b1 is being cancelled.'],
    ['cancel', false, 'Backfill b1 was cancelled already.'],
  ] as const)('to %s (changed: %s) is said to be so', async (verb, changed, text) => {
    const asked: string[] = [];
    const answer = (name: string) => async (id: string) => {
      asked.push(`${name} ${id}`);
      return { ...running, changed };
    };
    const context = contextOf({
      pauseBackfill: answer('pause'),
      resumeBackfill: answer('resume'),
      cancelBackfill: answer('cancel'),
    });
    const result = await tellBackfillAction({ id: 'b1', verb }, context);
    expect(result).toEqual({ document: { ...running, changed }, text });
    expect(asked).toEqual([`${verb} b1`]);
  });
});
