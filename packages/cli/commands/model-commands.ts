import type { Command } from 'commander';
import type { ChampionMoveOptions } from '../actions/model-actions';
import { defineCommand, type CommandRunner } from '../define-command';
import {
  championOption,
  dateOption,
  modelVersion,
  reasonOption,
  userOption,
  wholeNumber,
} from '../option-parsers';

export function addModelCommands(program: Command, runner: CommandRunner): void {
  addTrain(program, runner);
  addModels(program, runner);
  addPredict(program, runner);
  addAtRisk(program, runner);
}

function addTrain(program: Command, runner: CommandRunner): void {
  defineCommand(program, runner, {
    name: 'train',
    isCancellable: true,
    description:
      'Train a model on the features as they were served, evaluate it, register it, and make it the champion, which serves, if the gate allows it.',
    declare: (command) =>
      command.option(
        '--as-of <date>',
        'use only days whose labels are complete by this day (default: the day up to which the source is complete)',
        dateOption,
      ),
    check: ({ asOf }: { asOf?: string }) => ({ asOf }),
    load: async () => (await import('../actions/model-actions')).trainAction,
  });
}

const FROM =
  'the champion to replace, or none; refused if another one is in force (default: the present champion)';

function addModels(program: Command, runner: CommandRunner): void {
  const models = program
    .command('models')
    .description('Show, promote and roll back model versions.');
  defineCommand(models, runner, {
    name: 'list',
    description: 'List the model versions and which one is champion.',
    check: () => ({}),
    load: async () => (await import('../actions/model-actions')).listModelsAction,
  });
  defineCommand(models, runner, {
    name: 'show',
    description: 'Show the metadata of a version.',
    declare: (command) => command.argument('<version>', 'such as v001', modelVersion),
    check: (_options: object, version) => ({ version }),
    load: async () => (await import('../actions/model-actions')).showModelAction,
  });
  defineCommand(models, runner, {
    name: 'promote',
    description: 'Make a version the champion, the model that serves.',
    declare: (command) =>
      command
        .argument('<version>', 'such as v001', modelVersion)
        .option('--from <version>', FROM, championOption)
        .option(
          '--reason <text>',
          'the reason, for the event log',
          reasonOption,
          'promoted by hand',
        ),
    check: ({ from, reason }: ChampionMoveOptions, version) => ({ version, from, reason }),
    load: async () => (await import('../actions/model-actions')).promoteModelAction,
  });
  defineCommand(models, runner, {
    name: 'rollback',
    description:
      'Make the previous champion the champion again. A second rollback undoes the first one, unless --from says which champion is replaced.',
    declare: (command) =>
      command
        .option('--from <version>', FROM, championOption)
        .option(
          '--reason <text>',
          'the reason, for the event log',
          reasonOption,
          'rolled back by hand',
        ),
    check: ({ from, reason }: ChampionMoveOptions) => ({ from, reason }),
    load: async () => (await import('../actions/model-actions')).rollbackModelAction,
  });
}

function addPredict(program: Command, runner: CommandRunner): void {
  defineCommand(program, runner, {
    name: 'predict',
    description: 'Predict the probability that a user leaves within 30 days.',
    declare: (command) =>
      command
        .argument('<user>', 'user id', userOption)
        .option('--explain', 'show the contribution of each feature'),
    check: ({ explain }: { explain?: boolean }, user) => ({ user, explain: explain === true }),
    load: async () => (await import('../actions/model-actions')).predictAction,
  });
}

function addAtRisk(program: Command, runner: CommandRunner): void {
  defineCommand(program, runner, {
    name: 'at-risk',
    description: 'List the users most likely to leave, with reasons.',
    declare: (command) =>
      command.option(
        '--limit <n>',
        'how many users to list',
        wholeNumber({ min: 1, max: 100_000 }),
        20,
      ),
    check: ({ limit }: { limit: number }) => ({ limit }),
    load: async () => (await import('../actions/model-actions')).atRiskAction,
  });
}
