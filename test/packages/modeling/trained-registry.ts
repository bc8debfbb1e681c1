import { chmodSync, copyFileSync, cpSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { midnightOf } from '../../../packages/instants/logical-date';
import type { ModelArtifact } from '../../../packages/modeling/model-documents';
import { settlePromotion } from '../../../packages/modeling/registry/model-registry';
import { publishVersion } from '../../../packages/modeling/registry/publish-version';
import { trainModel } from '../../../packages/modeling/training/train-model';
import { createScratchDirectory } from '../../environment/scratch-directory';
import { openTestDuckDb } from '../duckdb/open-test-duckdb';
import { MemoryEventLog } from './memory-event-log';
import { testSchema, writeDays } from './training-world';

/**
 * A registry per test with three versions: v001 was promoted, v002 was promoted in its place, v003
 * was refused. The later two are the first under other names. Registers the hooks it needs.
 */
export function setUpTrainedRegistry() {
  const scratch = createScratchDirectory();
  const trained = path.join(scratch.path, 'trained');
  const trainedEvents = new MemoryEventLog();
  let registries = 0;
  const registry = {
    directory: scratch.path,
    trained,
    /** Of the registry as it was trained. */
    trainedEvents,
    modelsDir: '',
    eventLog: trainedEvents,
    now: () => midnightOf('2024-07-01'),
    /** An empty folder in the place of the registry's. */
    loseFolder: () => {
      registry.modelsDir = path.join(scratch.path, `models-${++registries}`);
    },
    /** Changes a published file, as someone with root could. */
    tamper: (version: string, file: string, change: (text: string) => string) => {
      const target = path.join(registry.modelsDir, version, file);
      chmodSync(target, 0o644);
      writeFileSync(target, change(readFileSync(target, 'utf8')));
    },
  };

  beforeAll(async () => {
    const partitions = await writeDays({
      directory: scratch.path,
      from: '2024-03-01',
      to: '2024-05-30',
      users: 60,
    });
    const createdAt = midnightOf('2024-06-30');
    const first = await trainModel({
      partitions,
      schema: testSchema,
      openDuckDb: () => openTestDuckDb(scratch.path, 1),
      modelsDir: trained,
      eventLog: trainedEvents,
      asOf: '2024-06-30',
      createdAt,
      seed: 42,
      codeVersion: 'code of the tests',
    });
    const { model_version: _version, ...metadata } = first.metadata;
    const ports = { modelsDir: trained, eventLog: trainedEvents, now: () => createdAt };
    const text = readFileSync(path.join(trained, 'v001', 'model.json'), 'utf8');
    const artifact = JSON.parse(text) as ModelArtifact;
    const sample = path.join(trained, 'v001', metadata.sample.file);
    for (const [champion, promoted] of [
      ['v001', true],
      ['v002', false],
    ] as const) {
      const promotion = { ...metadata.promotion, champion, promoted };
      const published = await publishVersion(trained, {
        artifact,
        metadata: { ...metadata, promotion },
        writeSample: async (file) => copyFileSync(sample, file),
      });
      await settlePromotion(ports, published.version, published.metadata);
    }
  });
  beforeEach(() => {
    registry.loseFolder();
    cpSync(trained, registry.modelsDir, { recursive: true });
    registry.eventLog = new MemoryEventLog(trainedEvents);
  });
  afterAll(() => scratch.remove());
  return registry;
}
