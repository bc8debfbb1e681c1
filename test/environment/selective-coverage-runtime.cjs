const { Session } = require('node:inspector/promises');
const { default: Runtime } = require('jest-runtime');

/**
 * Measuring coverage takes about a fifth more time, and slows loops of numbers down further. The
 * tests below run nearly every line, so that they alone are measured; the threshold of
 * jest.config.cjs holds for what they cover.
 */
const isMeasured = (testPath) =>
  /\.(integration|workflow)\.test\.ts$/.test(testPath) ||
  /[\\/]test[\\/](api|packages[\\/](cli|drift|local-services))[\\/]/.test(testPath);

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
    await this.session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
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
