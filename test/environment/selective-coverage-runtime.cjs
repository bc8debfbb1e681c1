const { Session } = require('node:inspector/promises');
const path = require('node:path');
const { default: Runtime } = require('jest-runtime');

/**
 * Measuring coverage takes 0.4 CPU seconds a file, about a fifth more time, and slows loops of numbers
 * down further. The tests below run nearly every line, so that they alone are measured; the threshold
 * of jest.config.cjs holds for what they cover.
 */
const mayBeMeasured = [
  /\.(integration|workflow)\.test\.ts$/,
  /^(api|packages\/(cli|drift|local-services))\//,
];

/**
 * Of those, the tests whose lines the others run too, but for one line in a hundred: measured, they
 * took 50 CPU seconds more.
 */
const runsTheSameLines = [
  /^acceptance\/(as-served-training|backfill-scans|oracle|replay-bytes|synthetic-year|who-has-left)\./,
  /^api\/(champion-watcher|documentation|documented-problems|health|models)\.test\.ts$/,
  /^api\/(predict|prediction-log|prediction-spool|request-guard|users)\./,
  /^(histories|interop|laws)\//,
  /^workflows\/(backfill|daily-run)\.workflow\.test\.ts$/,
  /^packages\/(database|offline-store)\//,
  /^packages\/application\/(foreign-database|backfills)/,
  /^packages\/drift\/(metrics|statistics)\//,
  /^packages\/local-services\/(installation|processes)\//,
  /^packages\/online-store\/sync-online-features\./,
  /^packages\/raw-data\/(?!exports|log\/merged-raw-log|rates|rejected\/)/,
];

const tests = path.resolve(__dirname, '..');

function isMeasured(testPath) {
  const name = path.relative(tests, testPath).replaceAll(path.sep, '/');
  const matches = (pattern) => pattern.test(name);
  return mayBeMeasured.some(matches) && !runsTheSameLines.some(matches);
}

/**
 * In place of jest's own recorder, which enables V8's debugger and never disconnects its session:
 * each file that it measures then makes the next one slower, and workers grow to gigabytes. Seven
 * files took 120 CPU seconds with it, 32 with this one, 27 unmeasured; both find the same lines.
 */
class CoverageRecorder {
  session = new Session();

  async startInstrumenting() {
    this.session.connect();
    await this.session.post('Profiler.enable');
    // Counting the calls would keep V8 from optimizing; jest asks only whether a line was run.
    await this.session.post('Profiler.startPreciseCoverage', { callCount: false, detailed: true });
  }

  async stopInstrumenting() {
    const { result } = await this.session.post('Profiler.takePreciseCoverage');
    await this.session.post('Profiler.stopPreciseCoverage');
    await this.session.post('Profiler.disable');
    this.session.disconnect();
    return result;
  }
}

class SelectiveCoverageRuntime extends Runtime {
  constructor(...parameters) {
    super(...parameters);
    this.isMeasured = isMeasured(parameters[6]);
  }

  async collectV8Coverage() {
    if (!this.isMeasured) return;
    this.v8Coverage.instrumenter = new CoverageRecorder();
    this.v8Coverage.sources = new Map();
    await this.v8Coverage.instrumenter.startInstrumenting();
  }

  async stopCollectingV8Coverage() {
    if (this.isMeasured) await super.stopCollectingV8Coverage();
  }

  getAllV8CoverageInfoCopy() {
    return this.isMeasured ? super.getAllV8CoverageInfoCopy() : [];
  }
}

module.exports = SelectiveCoverageRuntime;
