import type { Command } from 'commander';
import type { EpochMicros } from '../instants';
import type { CommandContext, CommandResult } from './command-context';

/** A command whose arguments are right; what does it is loaded when it runs, and not before. */
export interface CheckedCommand {
  readonly isJson: boolean;
  /** Its action looks at the signal of its progress: Ctrl-C lets it cancel what it started. */
  readonly isCancellable: boolean;
  readonly load: () => Promise<(context: CommandContext) => Promise<CommandResult>>;
}

/** What the declared commands are run by. */
export interface CommandRunner {
  readonly run: (command: CheckedCommand) => Promise<void>;
  readonly now: () => EpochMicros;
}

type Action<Input> = (input: Input, context: CommandContext) => Promise<CommandResult>;

/**
 * One command, in the order in which it comes about: its words are parsed (`declare`), checked
 * together (`check`), and only then settings are read, modules loaded and services opened. So a
 * mistake in the arguments is named as such wherever the command is typed.
 */
export interface CommandDefinition<Options, Input> {
  readonly name: string;
  readonly description: string;
  /** Declares arguments and options. Their parsers refuse what one of them alone shows is wrong. */
  readonly declare?: (command: Command) => Command;
  /**
   * What the action is given. Refuses what only several arguments together show is wrong.
   *
   * @throws ChurnError WRONG_USAGE, INVALID_DATE_RANGE
   */
  readonly check: (options: Options, ...args: string[]) => Input;
  readonly load: () => Promise<Action<Input>>;
  /** Its action stops when its progress is aborted. Any other command Ctrl-C ends at once. */
  readonly isCancellable?: true;
}

export function defineCommand<Options, Input>(
  parent: Command,
  runner: CommandRunner,
  definition: CommandDefinition<Options, Input>,
): void {
  const { name, description, declare = (command) => command, check, load } = definition;
  const { isCancellable = false } = definition;
  const command = declare(parent.command(name).description(description));
  command.option('--json', 'print one JSON document instead of text').action(async () => {
    const options = command.opts<Options & { json?: boolean }>();
    const input = check(options, ...(command.processedArgs as string[]));
    await runner.run({
      isJson: options.json === true,
      isCancellable,
      load: async () => {
        const action = await load();
        return (context) => action(input, context);
      },
    });
  });
}
