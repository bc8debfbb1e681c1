import type { Config, DataPaths } from '../../config';
import type { CommandLine } from '../processes/detached-process';
import type { ServiceName } from '../service-names';
import type { ServiceState, StackState } from '../state-file';

export interface StackContext {
  readonly config: Config;
  readonly paths: DataPaths;
  readonly env: NodeJS.ProcessEnv;
  /** Of all services; a recipe reads its own and those it depends on. */
  readonly state: StackState;
  /** False only in tests: Postgres then does not wait for the disk. */
  readonly durable: boolean;
}

/** How one service is started, watched and stopped. */
export interface ServiceRecipe {
  readonly name: ServiceName;
  /** Its name in messages. */
  readonly label: string;
  /** The setting that can ask for its port. */
  readonly portSetting?: (config: Config) => { variable: string; port: number };
  /** Temporal has a second port, for its web UI. */
  readonly uiPortSetting?: (config: Config) => { variable: string; port: number };
  readonly stopSignal: NodeJS.Signals;
  readonly stopDeadlineMs: number;
  readonly startDeadlineMs: number;
  /** A service that runs but does not answer is given this long before it is restarted; default: 10 s. */
  readonly patienceMs?: number;
  /** The address in the environment, when the service is not ours to start. */
  external(config: Config): string | undefined;
  /**
   * Confirms that an external service answers and takes what its setting says.
   *
   * @throws ChurnError INVALID_SETTING when it refuses the user, the password or the name of a
   *   database or namespace; POSTGRES_, REDIS_ or TEMPORAL_UNAVAILABLE when it does not answer
   */
  requireExternal?(context: StackContext): Promise<void>;
  /** Things a start depends on that may change between starts; a change means a restart. */
  fingerprint?(context: StackContext): string;
  /** Makes files and folders, and completes `state` (a password), before the first start. */
  prepare(context: StackContext, state: ServiceState): void | Promise<void>;
  command(context: StackContext, state: ServiceState): CommandLine;
  isHealthy(context: StackContext): Promise<boolean>;
  /** Runs after every start, also of an external service; must be idempotent. */
  afterStart?(context: StackContext): Promise<void>;
  /** Where it listens, without a password; null for what does not. */
  publicUrl(state: ServiceState, config: Config): string | null;
}
