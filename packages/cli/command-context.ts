import type { Application } from '../application';
import type { Progress } from '../contracts';
import type { Config } from '../config';

/** What a command's action is given. */
export interface CommandContext {
  readonly config: Config;
  /** Monotonic milliseconds. */
  readonly clock: () => number;
  /** Progress on stderr; its signal is aborted by SIGINT. */
  readonly progress: Progress;
  /** Opens the platform once; it is closed when the command ends. */
  readonly application: () => Promise<Application>;
}

/** What a command has to say: the document with `--json`, else the text. */
export interface CommandResult {
  readonly document: unknown;
  readonly text: string;
  /** Lines for people on stderr, whichever form the result has. */
  readonly warnings?: readonly string[];
  /** The command did its work, and what it found or did is a failure: exit code 1. */
  readonly hasFailed?: boolean;
}
