const Sequencer = require('@jest/test-sequencer').default;

/** What a test needs, by its suffix, cheapest first. */
const order = ['.integration.test.ts', '.workflow.test.ts', '.process.test.ts'];

const rank = (path) => order.findIndex((suffix) => path.endsWith(suffix)) + 1;

/** Runs tests that need nothing first, then those with servers, then those with real processes. */
class FastFirstSequencer extends Sequencer {
  sort(tests) {
    return [...tests].sort((a, b) => rank(a.path) - rank(b.path) || (a.path < b.path ? -1 : 1));
  }
}

module.exports = FastFirstSequencer;
