import path from 'node:path';

export type DataPaths = ReturnType<typeof dataPaths>;

/** Where an installation keeps what, below its CHURN_DATA_DIR. */
export function dataPaths(dataDir: string) {
  const below = (...parts: string[]) => path.join(dataDir, ...parts);
  return {
    root: dataDir,
    /** Ports, pids and passwords of the embedded services (mode 0600). */
    run: below('run'),
    postgres: below('postgres'),
    redis: below('redis'),
    temporal: below('temporal'),
    rawLog: below('raw_log'),
    timelines: below('timelines'),
    features: below('features'),
    models: below('models', 'churn_model'),
    driftLogs: below('monitoring', 'drift_logs'),
    logs: below('logs'),
    scratch: below('scratch'),
  } as const;
}
