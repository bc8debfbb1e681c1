import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { ModelArtifact, ModelMetadata } from '../../../../packages/modeling/model-documents';
import { auditModels } from '../../../../packages/modeling/registry/audit-models';
import { loadServingModel } from '../../../../packages/modeling/registry/load-serving-model';
import { listModels, showModel } from '../../../../packages/modeling/registry/model-registry';
import { publishVersion } from '../../../../packages/modeling/registry/publish-version';
import { listVersions } from '../../../../packages/modeling/registry/version-directory';
import { MemoryEventLog } from '../memory-event-log';
import { setUpTrainedRegistry } from '../trained-registry';
import { testSchema } from '../training-world';

const { schemaHash } = testSchema;

const registry = setUpTrainedRegistry();
const { trained, tamper } = registry;
let modelsDir: string;

beforeEach(() => {
  ({ modelsDir } = registry);
});

const features = {
  avg_sessions_7d: 0.4,
  sessions_30d: 3,
  days_since_last_login: 21,
  failed_payments_30d: 2,
  total_spend_90d: 29.9,
  is_pro_plan: false,
};

/** Makes the manifest agree with the files again: a forgery that checksums alone do not show. */
function resign(version: string) {
  const directory = path.join(modelsDir, version);
  const lines = readdirSync(directory)
    .filter((name) => name !== 'manifest.sha256')
    .map((name) => {
      const hash = createHash('sha256').update(readFileSync(path.join(directory, name)));
      return `${hash.digest('hex')}  ${name}\n`;
    });
  tamper(version, 'manifest.sha256', () => lines.join(''));
}

describe('loading a model to serve', () => {
  it('takes the champion', async () => {
    const model = await loadServingModel({ modelsDir, schemaHash });
    expect(model.version).toBe('v002');
    expect(model.schemaHash).toBe(schemaHash);
    expect(model.predict(features)).toBeGreaterThan(0);
    expect(model.predict(features)).toBeLessThan(1);
  });

  it('takes a version by name', async () => {
    const model = await loadServingModel({ modelsDir, schemaHash, version: 'v001' });
    expect(model.version).toBe('v001');
  });

  it.each([
    ['NO_MODEL', 'there is no registry', () => rmSync(modelsDir, { recursive: true }), undefined],
    ['MODEL_NOT_FOUND', 'there is no such version', () => {}, 'v999'],
    ['MODEL_NOT_FOUND', 'the name is not a version', () => {}, '../v001'],
    [
      'CORRUPT_MODEL',
      'a byte of the model changed',
      () => tamper('v002', 'model.json', (text) => text.replace('"intercept": ', '"intercept":  ')),
      undefined,
    ],
    [
      'CORRUPT_MODEL',
      'a byte of the metadata changed',
      () => tamper('v002', 'metadata.json', (text) => `${text} `),
      undefined,
    ],
    [
      'CORRUPT_MODEL',
      'the sample is gone',
      () => rmSync(path.join(modelsDir, 'v002', 'training_data_sample.parquet')),
      undefined,
    ],
    [
      'CORRUPT_MODEL',
      'the manifest is gone',
      () => rmSync(path.join(modelsDir, 'v002', 'manifest.sha256')),
      undefined,
    ],
    [
      'CORRUPT_MODEL',
      'the manifest is not one',
      () => tamper('v002', 'manifest.sha256', () => 'all is well\n'),
      undefined,
    ],
    [
      'CORRUPT_MODEL',
      'a coefficient was forged along with its checksum',
      () => {
        tamper('v002', 'model.json', (text) => {
          const artifact = JSON.parse(text) as ModelArtifact;
          const standardised = artifact.coefficients.standardised.map((weight) => -weight);
          return JSON.stringify({
            ...artifact,
            coefficients: { ...artifact.coefficients, standardised },
          });
        });
        resign('v002');
      },
      undefined,
    ],
    [
      'CORRUPT_MODEL',
      'the format is unknown',
      () => {
        tamper('v002', 'model.json', (text) =>
          text.replace('"format_version": 1', '"format_version": 2'),
        );
        resign('v002');
      },
      undefined,
    ],
  ])('raises %s when %s', async (code, _why, damage, version) => {
    damage();
    const loading = loadServingModel({ modelsDir, schemaHash, ...(version && { version }) });
    await expect(loading).rejects.toMatchObject({ code });
  });

  it('raises SCHEMA_MISMATCH when it was trained on other features', async () => {
    const loading = loadServingModel({ modelsDir, schemaHash: 'another' });
    await expect(loading).rejects.toMatchObject({ code: 'SCHEMA_MISMATCH' });
  });

  it('takes the features that it was trained on, if no other schema is asked for', async () => {
    const model = await loadServingModel({ modelsDir, schemaHash: null });
    expect(model.schemaHash).toBe(schemaHash);
  });
});

describe('the list of models', () => {
  it('has every version with its aliases and its worth', async () => {
    const models = await listModels(modelsDir);
    expect(models.map(({ version, aliases }) => [version, aliases])).toEqual([
      ['v001', ['previous']],
      ['v002', ['champion']],
      ['v003', ['challenger']],
    ]);
    const { metrics } = await showModel(modelsDir, 'v002');
    expect(models[1]).toMatchObject({ auc: metrics.auc, log_loss: metrics.log_loss });
  });

  it('shows a damaged version as such, beside the others', async () => {
    const file = path.join(modelsDir, 'v001', 'metadata.json');
    const metadata = readFileSync(file, 'utf8');
    writeFileSync(file, '{');
    const models = await listModels(modelsDir);
    writeFileSync(file, metadata);
    const problem = expect.stringMatching(/^Model v001 does not match/) as string;
    expect(models[0]).toEqual({
      version: 'v001',
      aliases: ['previous'],
      status: 'damaged',
      problem,
    });
    expect(models.slice(1).map(({ status }) => status)).not.toContain('damaged');
  });

  it('is empty without a registry', async () => {
    expect(await listModels(path.join(registry.directory, 'nowhere'))).toEqual([]);
  });

  it('sorts v1000 after v999', async () => {
    for (const version of ['v1000', 'v999', 'v0x', 'notes']) {
      mkdirSync(path.join(modelsDir, version));
    }
    expect((await listVersions(modelsDir)).slice(-2)).toEqual(['v999', 'v1000']);
  });
});

describe('showing a model', () => {
  it('gives its metadata, by version or by alias', async () => {
    expect((await showModel(modelsDir, 'v001')).model_version).toBe('v001');
    expect((await showModel(modelsDir, 'champion')).model_version).toBe('v002');
  });

  it('by version does not need the aliases', async () => {
    writeFileSync(path.join(modelsDir, 'aliases.json'), 'damaged');
    expect((await showModel(modelsDir, 'v001')).model_version).toBe('v001');
    await expect(showModel(modelsDir, 'champion')).rejects.toMatchObject({ code: 'CORRUPT_FILE' });
  });

  it('raises MODEL_NOT_FOUND for a version that is not there', async () => {
    await expect(showModel(modelsDir, 'v009')).rejects.toMatchObject({ code: 'MODEL_NOT_FOUND' });
  });
});

describe('the audit of models', () => {
  it('counts every file as equal when nothing was touched', async () => {
    expect(await auditModels(modelsDir, registry.eventLog)).toEqual({
      equal: 10,
      missing: 0,
      extra: 0,
      mismatched: 0,
      not_comparable: 0,
      examples: [],
    });
  });

  it('names what is missing, extra and changed, and versions that are gone', async () => {
    tamper('v001', 'model.json', (text) => `${text} `);
    rmSync(path.join(modelsDir, 'v002', 'metadata.json'));
    writeFileSync(path.join(modelsDir, 'v002', 'notes.txt'), 'x');
    rmSync(path.join(modelsDir, 'v003'), { recursive: true });
    expect(await auditModels(modelsDir, registry.eventLog)).toEqual({
      equal: 5,
      missing: 2,
      extra: 1,
      mismatched: 1,
      not_comparable: 0,
      examples: [
        'mismatched: v001/model.json',
        'missing: v002/metadata.json',
        'extra: v002/notes.txt',
        'missing: v003',
      ],
    });
  });
});

describe('the audit of a registry', () => {
  it('names a version that no event is about', async () => {
    const { eventLog } = registry;
    eventLog.events = eventLog.events.slice(0, 4);
    writeFileSync(
      path.join(modelsDir, 'aliases.json'),
      JSON.stringify({ format_version: 2, event: 4, ...eventLog.events.at(-1)?.aliases }),
    );
    expect(await auditModels(modelsDir, registry.eventLog)).toMatchObject({
      extra: 1,
      examples: ['extra: v003 is in no event of the registry'],
    });
  });

  it.each([
    ['are behind Postgres', { event: 5 }, 'aliases.json is of event 5, the last one is 6'],
    ['were changed by hand', { champion: 'v001' }, 'aliases.json differs from event 6'],
  ])('names aliases that %s', async (_what, change, finding) => {
    const file = path.join(modelsDir, 'aliases.json');
    const document = JSON.parse(readFileSync(file, 'utf8')) as object;
    writeFileSync(file, JSON.stringify({ ...document, ...change }));
    expect(await auditModels(modelsDir, registry.eventLog)).toMatchObject({
      mismatched: 1,
      examples: [`mismatched: ${finding}`],
    });
  });
});

describe('publishing a version', () => {
  let artifact: ModelArtifact;
  let metadata: Omit<ModelMetadata, 'model_version'>;

  beforeAll(() => {
    const read = (file: string) =>
      JSON.parse(readFileSync(path.join(trained, 'v001', file), 'utf8')) as unknown;
    artifact = read('model.json') as ModelArtifact;
    const { model_version: _, ...unversioned } = read('metadata.json') as ModelMetadata;
    metadata = unversioned;
  });

  const publish = (directory: string, writeSample = defaultSample, taken: string[] = []) =>
    publishVersion(directory, { artifact, metadata, writeSample }, taken);
  const defaultSample = async (file: string) => writeFileSync(file, 'sample');

  it('ten times at once, without a lock, gives ten whole versions', async () => {
    const directory = path.join(registry.directory, 'parallel');
    const published = await Promise.all(Array.from({ length: 10 }, () => publish(directory)));
    expect(new Set(published.map(({ version }) => version)).size).toBe(10);
    expect(await auditModels(directory, new MemoryEventLog())).toMatchObject({
      equal: 30,
      missing: 0,
      mismatched: 0,
    });
    expect(readdirSync(directory).sort()).toEqual(published.map(({ version }) => version).sort());
    for (const { version } of published) {
      expect((await showModel(directory, version)).model_version).toBe(version);
    }
  });

  it('continues after v999 with v1000', async () => {
    const directory = path.join(registry.directory, 'many');
    mkdirSync(path.join(directory, 'v999'), { recursive: true });
    expect((await publish(directory)).version).toBe('v1000');
    expect((await publish(directory)).version).toBe('v1001');
  });

  it('does not use the number of a version that was deleted again', async () => {
    const directory = path.join(registry.directory, 'deleted');
    expect((await publish(directory, defaultSample, ['v001', 'v007'])).version).toBe('v008');
  });

  it('leaves nothing behind when it fails', async () => {
    const directory = path.join(registry.directory, 'failing');
    const failing = publish(directory, async () => {
      throw new Error('the sample can not be written');
    });
    await expect(failing).rejects.toThrow('the sample can not be written');
    expect(readdirSync(directory)).toEqual([]);
  });

  it('says that the disk is full as STORAGE_UNAVAILABLE', async () => {
    const full = publish(path.join(registry.directory, 'full'), async () => {
      throw Object.assign(new Error('no space'), { code: 'ENOSPC' });
    });
    await expect(full).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE' });
  });
});
