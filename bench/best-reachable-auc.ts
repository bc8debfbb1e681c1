import { parseArgs } from 'node:util';
import { LATEST_WORLD_VERSION } from '../packages/synthetic/recipes';
import { estimateReachableAuc } from './reachable-auc/estimate-reachable-auc';
import { featureNames } from './reachable-auc/labelled-rows';

/**
 * Estimates how well churn can be told from the six features in the synthetic world.
 *
 *     node dist/bench/best-reachable-auc.js [--users 40000] [--seed 42] [--version 2]
 */
function main(): void {
  const { values } = parseArgs({
    options: {
      users: { type: 'string', default: '40000' },
      seed: { type: 'string', default: '42' },
      version: { type: 'string', default: String(LATEST_WORLD_VERSION) },
    },
  });
  const world = {
    version: Number(values.version),
    seed: Number(values.seed),
    users: Number(values.users),
    start: '2025-01-01',
  };
  const result = estimateReachableAuc(world);
  const lines = [
    ['held-out rows', String(result.rows)],
    ['base rate', result.baseRate.toFixed(4)],
    ['AUC, boosted trees (best reachable)', result.flexible.toFixed(4)],
    ['AUC, logistic regression', result.logistic.toFixed(4)],
    ['AUC, recency alone', result.recency.toFixed(4)],
    ...featureNames.map((name, place) => [
      `coefficient per sd, ${name}`,
      result.coefficients[place]!.toFixed(3),
    ]),
  ];
  for (const [name, value] of lines) process.stdout.write(`${name!.padEnd(44)}${value}\n`);
}

main();
