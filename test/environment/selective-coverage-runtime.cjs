const { default: Runtime } = require('jest-runtime');

/**
 * Measuring coverage doubles the time of a short test file, and slows loops of numbers down. The
 * tests below run nearly every line, so that they alone are measured; the threshold of
 * jest.config.cjs holds for what they cover.
 */
const isMeasured = (testPath) =>
  /\.(integration|workflow)\.test\.ts$/.test(testPath) ||
  /[\\/]test[\\/](api|packages[\\/](cli|drift|local-services))[\\/]/.test(testPath);

class SelectiveCoverageRuntime extends Runtime {
  constructor(...parameters) {
    super(...parameters);
    this.isMeasured = isMeasured(parameters[6]);
  }

  async collectV8Coverage() {
    if (this.isMeasured) await super.collectV8Coverage();
  }

  async stopCollectingV8Coverage() {
    if (this.isMeasured) await super.stopCollectingV8Coverage();
  }

  getAllV8CoverageInfoCopy() {
    return this.isMeasured ? super.getAllV8CoverageInfoCopy() : [];
  }
}

module.exports = SelectiveCoverageRuntime;
