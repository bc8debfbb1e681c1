import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { createScratchDirectory } from '../environment/scratch-directory';
import { evaluateInModule } from '../repository-files';
import { fileOf } from './metric-names';
import { describeWhenDeep } from '../environment/when-deep';

type Tool = 'promtool' | 'checkDashboard';

interface Ended {
  readonly code: number;
  readonly said: string;
}

/** Of `make setup-deep`. */
function run(tool: Tool, args: readonly string[], input = ''): Promise<Ended> {
  const { file } = evaluateInModule<Record<Tool, { file: string }>>(
    'bin/monitoring-tools.mjs',
    'module.monitoringTools()',
  )[tool];
  return new Promise((resolve, reject) => {
    const child = execFile(file, args, (error, stdout, stderr) => {
      if (typeof error?.code === 'string') reject(new Error(`${file}: run make setup-deep`));
      else resolve({ code: error?.code ?? 0, said: stdout + stderr });
    });
    child.stdin?.end(input);
  });
}

describeWhenDeep('monitoring/ by the tools of Prometheus and Grafana', () => {
  const scratch = createScratchDirectory();
  afterAll(() => scratch.remove());

  /** A file of monitoring/ in which something was replaced. */
  function broken(name: string, from: string, to: string): string {
    const text = readFileSync(fileOf(name), 'utf8');
    expect(text).toContain(from);
    const file = path.join(scratch.path, name);
    writeFileSync(file, text.replace(from, to));
    return file;
  }

  it('has rules that promtool finds nothing wrong with', async () => {
    const check = ['check', 'rules', '--lint=all', '--lint-fatal'];
    expect(await run('promtool', [...check, fileOf('prometheus-rules.yml')])).toMatchObject({
      code: 0,
    });
    const wrong = broken('prometheus-rules.yml', 'for: 2m', 'for: soon');
    expect((await run('promtool', [...check, wrong])).code).not.toBe(0);
  });

  it('has rules that are quiet while all is well, and alert when it is not', async () => {
    const tests = fileOf('prometheus-rules.test.yml');
    expect(await run('promtool', ['test', 'rules', tests])).toMatchObject({ code: 0 });

    const wrong = broken('prometheus-rules.yml', 'churn_online_features_up == 0', 'up == 2');
    const same = broken('prometheus-rules.test.yml', 'prometheus-rules.yml]', `${wrong}]`);
    const ended = await run('promtool', ['test', 'rules', same]);
    expect([ended.code, ended.said]).toEqual([1, expect.stringContaining('FAILED')]);
  });

  it('has a dashboard that Grafana knows every field of', async () => {
    const dashboard = fileOf('grafana-dashboard.json');
    expect(await run('checkDashboard', [dashboard])).toEqual({ code: 0, said: '' });

    const wrong = broken('grafana-dashboard.json', '"expr"', '"exprr"');
    const { code, said } = await run('checkDashboard', [wrong]);
    expect([code, said]).toEqual([1, expect.stringContaining("unexpected field 'exprr'")]);
  });

  it('is about a worker and an API whose metrics promtool finds nothing wrong with', async () => {
    const { createInstallation, disposeInstallations } =
      await import('../packages/local-services/stack-fixture');
    const { startStack } = await import('../../packages/local-services/start-stack');
    try {
      const { config } = createInstallation();
      const { services } = await startStack({ config, durable: false });
      const urlOf = (name: string) => services.find((each) => each.name === name)!.url!;
      const scrape = async (url: string) => (await fetch(url)).text();
      const scraped = {
        api: await scrape(`${urlOf('api')}/metrics`),
        worker: await scrape(urlOf('worker')),
      };
      for (const text of Object.values(scraped)) {
        const { said } = await run('promtool', ['check', 'metrics'], text);
        // Temporal's SDK has counters without the suffix that Prometheus recommends.
        expect(
          said.split('\n').filter((line) => !/^(temporal_.*"_total" suffix)?$/.test(line)),
        ).toEqual([]);
      }
      expect(await run('promtool', ['check', 'metrics'], 'one{ 1\n')).toMatchObject({ code: 1 });
    } finally {
      await disposeInstallations();
    }
  }, 120_000);
});
