import path from 'node:path';

export type DataPaths = ReturnType<typeof dataPaths>;

/** Where an installation keeps what, below its CHURN_DATA_DIR. */
export function dataPaths(dataDir: string) {
  const below = (...parts: string[]) => path.join(dataDir, ...parts);
  return {
    root: dataDir,
    /** Whose directory this is: the installation's id, as in Postgres and Redis. */
    installation: below('installation.json'),
    /** Ports, pids and passwords of the embedded services (mode 0600). */
    run: below('run'),
    postgres: below('postgres'),
    redis: below('redis'),
    temporal: below('temporal'),
    rawLog: below('raw_log'),
    timelines: below('timelines'),
    /** Current days and nothing else, so that any reader's glob over it is right. */
    features: below('features'),
    featureRevisions: below('feature_revisions'),
    /** Where earlier releases kept the revisions. */
    formerFeatureRevisions: below('features', '_revisions'),
    models: below('models', 'churn_model'),
    driftLogs: below('monitoring', 'drift_logs'),
    logs: below('logs'),
    scratch: below('scratch'),
    /** Cleaned files of loads that have not succeeded yet. */
    cleaned: below('cleaned'),
  } as const;
}
