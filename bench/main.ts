import { spawnSync } from 'node:child_process';
import path from 'node:path';

/** The benchmarks by name; each is a script of its own that prints one table. */
const benchmarks: Readonly<Record<string, string>> = {
  'backfill-doubling': 'twice the days over the same events: less than twice the time',
  'best-reachable-auc': 'the best AUC that the six features allow on the synthetic source',
  'daily-beside-backfill': 'a daily run beside backfills: at most 1.5 times its time alone',
  growth: 'a daily run after 1,100 loads and three years, beside one load and beside three months',
  platform:
    'features, history, restatement, loads and Redis against peers and budgets, in one table',
  predict: '/predict beside a bare Fastify + ioredis handler and FastAPI (needs REDIS_URL)',
};

/** Runs one benchmark with the arguments that follow its name; without a name, says which there are. */
function main([name, ...rest]: readonly string[]): void {
  if (name === undefined || !(name in benchmarks)) {
    const lines = Object.entries(benchmarks).map(([known, what]) => `  ${known.padEnd(20)}${what}`);
    process.stdout.write(`make bench ARGS="<name> [arguments]"\n${lines.join('\n')}\n`);
    process.exitCode = name === undefined ? 0 : 2;
    return;
  }
  const script = path.join(__dirname, `${name}.js`);
  process.exitCode =
    spawnSync(process.execPath, [script, ...rest], { stdio: 'inherit' }).status ?? 1;
}

main(process.argv.slice(2));
