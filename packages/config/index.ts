/**
 * The settings of an installation, from environment variables, and the folders that follow from
 * them.
 */
export { dataPaths, type DataPaths } from './data-paths';
export { loadConfig, settingNames, type Config } from './load-config';
export type { TemporalSecurity } from './temporal-settings';
