import { loadConfig, type Config } from '../config';
import { openPlatform, type JobProgress, type Platform } from '../platform';
import { createProgressLine, type Terminal } from './terminal';

/** What a command is given. */
export interface CommandContext {
  readonly config: Config;
  readonly terminal: Terminal;
  readonly isJson: boolean;
  /** Progress on stderr; its signal is aborted by SIGINT. */
  readonly progress: JobProgress;
  /** Opens the platform once; it is closed when the command ends. */
  readonly platform: () => Promise<Platform>;
  /** Prints the result: the document alone as JSON, or the text for people. */
  readonly print: (document: unknown, text: string) => void;
}

export interface Invocation {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly terminal: Terminal;
}

/** Runs a command's work with a context, and closes what it opened. */
export async function withContext(
  invocation: Invocation,
  options: { json?: boolean },
  work: (context: CommandContext) => Promise<void>,
): Promise<void> {
  const { terminal } = invocation;
  const config = loadConfig(invocation.env);
  const line = createProgressLine(terminal);
  const controller = new AbortController();
  const interrupt = () => controller.abort(new Error('interrupted'));
  process.once('SIGINT', interrupt);
  let opened: Promise<Platform> | undefined;
  try {
    await work({
      config,
      terminal,
      isJson: options.json === true,
      progress: {
        signal: controller.signal,
        report: ({ what, done, total }) => line.show(what, done, total),
      },
      platform: () => (opened ??= openPlatform(config)),
      print: (document, text) => {
        line.end();
        terminal.out(options.json ? `${JSON.stringify(document)}\n` : `${text}\n`);
      },
    });
  } finally {
    line.end();
    process.removeListener('SIGINT', interrupt);
    await opened?.then((platform) => platform.close()).catch(() => {});
  }
}
