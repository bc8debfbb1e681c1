import type { FeatureSet } from '../../packages/features/feature-set';
import type { Grid } from '../../packages/features/grid/grid';
import { naiveVector, type RawTables } from '../support/oracle';
import { bytewise } from '../environment/ids';
import { knowledgeAt } from './random-world';

/** What the oracle says of every user that is visible at moment i, by user_id. */
export function oracleRows(featureSet: FeatureSet, raw: RawTables, grid: Grid, index: number) {
  const { at: labelKnownAt, batch: labelBatch, completeThrough } = grid.label;
  const userIds = raw.users.map(({ userId }) => userId).sort(bytewise);
  return userIds.flatMap((userId) => {
    const label = { labelKnownAt, labelBatch, completeThrough };
    const answer = naiveVector(featureSet, raw, { userId, ...knowledgeAt(grid, index), ...label });
    if (!answer) return [];
    const { label: ofFuture, state } = featureSet;
    const others = { [ofFuture.name]: answer.label, [state.name]: answer.state };
    return [{ user_id: userId, ...answer.features, ...others }];
  });
}
