import type { Config } from '../config';
import type { PipelinePorts } from '../contracts';
import { createServices, type Services } from './services';
import { openAdapters, type Adapters, type ApplicationOptions } from './open/open-adapters';
import { createPipelinePorts } from './create-pipeline-ports';
import { createBackfillRuns, openLazyTemporal, type LazyTemporal } from './backfills/temporal-runs';

/** One installation, opened by a process. */
export interface Application {
  readonly adapters: Adapters;
  readonly pipelinePorts: PipelinePorts;
  readonly services: Services;
  readonly temporal: LazyTemporal;
  close(): Promise<void>;
}

/** @throws ChurnError STACK_NOT_RUNNING, STORAGE_UNAVAILABLE */
export async function openApplication(
  config: Config,
  options: ApplicationOptions = {},
): Promise<Application> {
  const adapters = await openAdapters(config, options);
  const temporal = openLazyTemporal({
    address: adapters.connections.temporalAddress,
    namespace: config.temporal.namespace,
    security: config.temporal.security,
  });
  const backfills = createBackfillRuns(adapters, temporal);
  return {
    adapters,
    pipelinePorts: createPipelinePorts(adapters),
    services: createServices(adapters, temporal, backfills),
    temporal,
    close: async () => {
      await temporal.close();
      await adapters.close();
    },
  };
}
