import { collectDefaultMetrics, Registry } from 'prom-client';

/** Gauges, whose names say that they are counters. Each is there by type of resource, too. */
const MISNAMED = ['handles', 'requests', 'resources'];

/**
 * Starts to measure this process (garbage collection, event loop lag, memory) and returns where the
 * metrics are. Call it once in a process: nothing can stop the measuring, which keeps the registry
 * and takes time at each garbage collection.
 */
export function collectProcessMetrics(): Registry {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry, prefix: 'churn_api_' });
  for (const what of MISNAMED) registry.removeSingleMetric(`churn_api_nodejs_active_${what}_total`);
  return registry;
}
