import {
  promoteModelAction,
  rollbackModelAction,
  type ChampionMoveOptions,
} from '../../../packages/cli/actions/model-actions';
import type { CommandContext } from '../../../packages/cli/command-context';

describe('a change of champion by hand', () => {
  function contextWith(change: object) {
    const asked: unknown[] = [];
    const answer = (...request: unknown[]) => {
      asked.push(request);
      return Promise.resolve(change);
    };
    const champion = () => Promise.resolve({ version: 'v002' });
    const services = { champion, promoteModel: answer, rollbackModel: answer };
    const context = { application: () => Promise.resolve({ services }) };
    return { asked, context: context as unknown as CommandContext };
  }
  const reason = 'of a test';
  const changed = { champion: 'v001', challenger: null, previous: 'v002', changed: true };

  it.each<[string, ChampionMoveOptions, string | null]>([
    ['the published one where none is named', { reason }, 'v002'],
    ['the one that is named', { from: 'v003', reason }, 'v003'],
    ['none where that is said', { from: null, reason }, null],
  ])('replaces %s', async (_what, options, from) => {
    const { asked, context } = contextWith(changed);
    await promoteModelAction({ version: 'v001', ...options }, context);
    await rollbackModelAction(options, context);
    expect(asked).toEqual([['v001', { from, reason }], [{ from, reason }]]);
  });

  it('by a rollback says what another rollback would do', async () => {
    const { text } = await rollbackModelAction({ reason }, contextWith(changed).context);
    expect(text).toBe('Champion: v001\nAnother rollback makes v002 the champion again.');
  });

  it('says so where nothing changed', async () => {
    const { context } = contextWith({ ...changed, changed: false });
    const { text } = await rollbackModelAction({ from: 'v002', reason }, context);
    expect(text).toBe('Champion: v001 (it was already; nothing changed)');
  });
});
