import type { Command, CommanderError } from 'commander';
import { ChurnError } from '../contracts';

/** `churn models show`. */
export function wordsOf(command: Command): string {
  const { parent } = command;
  return parent ? `${wordsOf(parent)} ${command.name()}` : command.name();
}

/** A mistake that only several arguments of a command together show. */
export function usageError(problem: string, command: string): ChurnError {
  return new ChurnError('WRONG_USAGE', { problem, command: `churn ${command}` });
}

/**
 * What the parser found wrong, as an error of the catalogue; the end of the help or of the version,
 * which the parser throws as well, as it is.
 */
export function asUsageError(command: Command, error: CommanderError): CommanderError | ChurnError {
  if (error.exitCode === 0) return error;
  const details = { problem: problemOf(command, error), command: wordsOf(command) };
  return new ChurnError('WRONG_USAGE', details, { cause: error });
}

function problemOf(command: Command, error: CommanderError): string {
  if (error.code === 'commander.help') return 'A command is missing';
  const text = error.message
    .replace(/^error: /, '')
    .replaceAll(/\s*\n\s*/g, ' ')
    .replace(/\.$/, '');
  const meant = longerWords(command, error);
  const sentence = text.charAt(0).toUpperCase() + text.slice(1);
  if (meant.length === 0) return sentence;
  return `${sentence.replace(/ \(Did you mean .*/, '')} (Did you mean ${meant.join(' or ')}?)`;
}

/**
 * The parser suggests what differs by a letter or two. A beginning, as `--dry` is of `--dry-run`,
 * differs by more, and is the commonest way to be short of the whole word.
 */
function longerWords(command: Command, { code, message }: CommanderError): string[] {
  const [, word] = /unknown (?:option|command) '([^']+)'/.exec(message) ?? [];
  if (word === undefined) return [];
  const known =
    code === 'commander.unknownOption'
      ? command.options.flatMap(({ long }) => (long ? [long] : []))
      : command.commands.map((one) => one.name());
  return known.filter((one) => one.startsWith(word));
}
