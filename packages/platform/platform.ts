import type { Config } from '../config';
import { createJobs, type Jobs } from './jobs';
import { openAdapters, type Adapters, type PlatformOptions } from './open-platform';
import { createPipelinePorts, type PipelinePorts } from './pipeline-ports';
import { createBackfillRuns, openLazyTemporal, type LazyTemporal } from './temporal-runs';

/** One installation, opened by a process. */
export interface Platform {
  readonly adapters: Adapters;
  readonly pipelinePorts: PipelinePorts;
  readonly jobs: Jobs;
  readonly temporal: LazyTemporal;
  close(): Promise<void>;
}

/** @throws ChurnError STACK_NOT_RUNNING, STORAGE_UNAVAILABLE */
export async function openPlatform(
  config: Config,
  options: PlatformOptions = {},
): Promise<Platform> {
  const adapters = await openAdapters(config, options);
  const temporal = openLazyTemporal({
    address: adapters.connections.temporalAddress,
    namespace: config.temporal.namespace,
  });
  const backfills = createBackfillRuns(adapters, temporal);
  return {
    adapters,
    pipelinePorts: createPipelinePorts(adapters),
    jobs: createJobs(adapters, temporal, backfills),
    temporal,
    close: async () => {
      await temporal.close();
      await adapters.close();
    },
  };
}
