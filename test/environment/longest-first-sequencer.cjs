const path = require('node:path');
const Sequencer = require('@jest/test-sequencer').default;
const seconds = require('./test-seconds.json');

const root = path.resolve(__dirname, '../..');

/** What a file that was never timed may take: by what it needs, as its suffix says. */
const secondsBySuffix = [
  ['.process.test.ts', 30],
  ['.workflow.test.ts', 20],
  ['.integration.test.ts', 10],
];

function secondsOf(file) {
  const recorded = seconds[path.relative(root, file)];
  return recorded ?? secondsBySuffix.find(([suffix]) => file.endsWith(suffix))?.[1] ?? 1;
}

/**
 * Runs the longest files first, so that no worker ends with one while the others idle. The seconds
 * are recorded by `CHURN_RECORD_SECONDS=1 make test`; they decide the order and nothing else.
 */
class LongestFirstSequencer extends Sequencer {
  sort(tests) {
    return [...tests].sort(
      (a, b) => secondsOf(b.path) - secondsOf(a.path) || (a.path < b.path ? -1 : 1),
    );
  }
}

module.exports = LongestFirstSequencer;
