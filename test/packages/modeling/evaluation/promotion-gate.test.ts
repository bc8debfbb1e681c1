import {
  decidePromotion,
  gateMargins,
  type GateInput,
} from '../../../../packages/modeling/evaluation/promotion-gate';

const good = { auc: 0.8, log_loss: 0.4 };

const candidate = {
  converged: true,
  schemaHash: 'a',
  metrics: good,
  recencyBaseline: { auc: 0.7, log_loss: 0.5 },
};
const champion = { version: 'v001', metrics: good, isSameEligibility: true };
const ofOthers = { ...champion, isSameEligibility: false };

function decide(changes: {
  candidate?: Partial<GateInput['candidate']>;
  champion?: GateInput['champion'];
}) {
  return decidePromotion({
    candidate: { ...candidate, ...changes.candidate },
    champion: changes.champion === undefined ? champion : changes.champion,
    servedSchemaHash: 'a',
  });
}

describe('the promotion gate', () => {
  it.each<[string, Parameters<typeof decide>[0], boolean]>([
    ['the first converged model', { champion: null }, true],
    [
      'the first model, also below recency',
      { champion: null, candidate: { metrics: { auc: 0.6, log_loss: 0.6 } } },
      true,
    ],
    ['the first model, not converged', { champion: null, candidate: { converged: false } }, false],
    ['as good as the champion', {}, true],
    ['better', { candidate: { metrics: { auc: 0.9, log_loss: 0.3 } } }, true],
    ['not converged', { candidate: { converged: false } }, false],
    [
      'AUC worse within the margin',
      { candidate: { metrics: { ...good, auc: 0.8 - gateMargins.auc + 1e-9 } } },
      true,
    ],
    [
      'AUC worse beyond the margin',
      { candidate: { metrics: { ...good, auc: 0.8 - gateMargins.auc - 1e-9 } } },
      false,
    ],
    [
      'log loss worse within the margin',
      { candidate: { metrics: { ...good, log_loss: 0.4 + gateMargins.logLoss - 1e-9 } } },
      true,
    ],
    [
      'log loss worse beyond the margin',
      { candidate: { metrics: { ...good, log_loss: 0.4 + gateMargins.logLoss + 1e-9 } } },
      false,
    ],
    ['no better than recency alone', { candidate: { recencyBaseline: good } }, false],
    ['no recency feature to compare with', { candidate: { recencyBaseline: null } }, true],
    ['another schema than the served one', { candidate: { schemaHash: 'b' } }, false],
    ['a champion that can not be compared', { champion: { ...ofOthers, metrics: null } }, true],
    [
      'worse than a champion that was trained on other users',
      { champion: ofOthers, candidate: { metrics: { auc: 0.71, log_loss: 0.49 } } },
      true,
    ],
    [
      'no better than recency alone, and a champion that was trained on other users',
      { champion: ofOthers, candidate: { recencyBaseline: good } },
      false,
    ],
  ])('%s', (_case, changes, promoted) => {
    expect(decide(changes).promoted).toBe(promoted);
  });

  it('says that the first converged model is the first', () => {
    expect(decide({ champion: null }).reason).toBe('promoted: the first converged model');
  });

  it('says that a champion gives way because it was trained on other users, with its numbers', () => {
    const { reason, checks } = decide({ champion: ofOthers });
    expect(reason).toBe(
      'promoted: champion v001 was not trained on the users who are eligible now',
    );
    expect(checks.find(({ name }) => name === 'champion_comparable')?.reason).toContain(
      'AUC 0.8000 and log loss 0.4000 on these rows do not count',
    );
  });

  it('names every rule that failed, with its numbers', () => {
    const { reason, checks } = decide({
      candidate: { converged: false, metrics: { auc: 0.65, log_loss: 0.4 } },
    });
    expect(reason).toContain('the solver did not converge');
    expect(reason).toContain('AUC 0.6500, champion v001 0.8000');
    expect(reason).toContain('recency alone 0.7000');
    expect(checks.filter((check) => !check.passed).map((check) => check.name)).toEqual([
      'converged',
      'auc_vs_champion',
      'beats_recency',
    ]);
  });
});
