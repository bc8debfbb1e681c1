export { dataPaths, type DataPaths } from './data-paths';
export { loadConfig, settingNames, type Config } from './load-config';
