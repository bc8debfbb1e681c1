import type { Command } from 'commander';
import { defineCommand, type CommandRunner } from '../define-command';
import { dateOption, modelVersion, userOption, wholeNumber } from '../option-parsers';

export function addModelCommands(program: Command, runner: CommandRunner): void {
  addTrain(program, runner);
  addModels(program, runner);
  addPredict(program, runner);
  addAtRisk(program, runner);
}

function addTrain(program: Command, runner: CommandRunner): void {
  defineCommand(program, runner, {
    name: 'train',
    description: 'Train, evaluate and register a model on features as they were served.',
    declare: (command) =>
      command.option(
        '--as-of <date>',
        'use labels as of this day (default: the latest day known)',
        dateOption,
      ),
    check: ({ asOf }: { asOf?: string }) => ({ asOf }),
    load: async () => (await import('../actions/model-actions')).train,
  });
}

function addModels(program: Command, runner: CommandRunner): void {
  const models = program.command('models').description('The model registry.');
  defineCommand(models, runner, {
    name: 'list',
    description: 'Every version, with its role.',
    check: () => ({}),
    load: async () => (await import('../actions/model-actions')).listModels,
  });
  defineCommand(models, runner, {
    name: 'show',
    description: 'The metadata of a version.',
    declare: (command) => command.argument('<version>', 'such as v001', modelVersion),
    check: (_options: object, version) => ({ version }),
    load: async () => (await import('../actions/model-actions')).showModel,
  });
  defineCommand(models, runner, {
    name: 'promote',
    description: 'Make a version the champion.',
    declare: (command) =>
      command
        .argument('<version>', 'such as v001', modelVersion)
        .option('--reason <text>', 'why', 'promoted by hand'),
    check: ({ reason }: { reason: string }, version) => ({ version, reason }),
    load: async () => (await import('../actions/model-actions')).promoteModel,
  });
  defineCommand(models, runner, {
    name: 'rollback',
    description: 'Make the previous champion the champion again.',
    declare: (command) => command.option('--reason <text>', 'why', 'rolled back by hand'),
    check: ({ reason }: { reason: string }) => ({ reason }),
    load: async () => (await import('../actions/model-actions')).rollbackModel,
  });
}

function addPredict(program: Command, runner: CommandRunner): void {
  defineCommand(program, runner, {
    name: 'predict',
    description: 'The probability that a user leaves in the next 30 days.',
    declare: (command) =>
      command
        .argument('<user>', 'user id', userOption)
        .option('--explain', 'with the contribution of each feature'),
    check: ({ explain }: { explain?: boolean }, user) => ({ user, explain: explain === true }),
    load: async () => (await import('../actions/model-actions')).predict,
  });
}

function addAtRisk(program: Command, runner: CommandRunner): void {
  defineCommand(program, runner, {
    name: 'at-risk',
    description: 'The users most likely to leave, with reasons.',
    declare: (command) =>
      command.option('--limit <n>', 'how many', wholeNumber({ min: 1, max: 100_000 }), 20),
    check: ({ limit }: { limit: number }) => ({ limit }),
    load: async () => (await import('../actions/model-actions')).atRisk,
  });
}
