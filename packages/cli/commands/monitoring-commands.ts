import type { Command } from 'commander';
import { defineCommand, type CommandRunner } from '../define-command';
import { auditNames, repairNames, type AuditName, type RepairName } from '../audit-names';
import { dateOption, oneOf, predictionId } from '../option-parsers';

export function addMonitoringCommands(program: Command, runner: CommandRunner): void {
  defineCommand(program, runner, {
    name: 'drift',
    description:
      'Compare the features and scores of a day with those the present champion was trained on. Replaces the drift log of the day and raises its alerts.',
    declare: (command) =>
      command.requiredOption('--date <date>', 'the date of the partition', dateOption),
    check: ({ date }: { date: string }) => ({ date }),
    load: async () => (await import('../actions/monitoring-actions')).driftAction,
  });
  defineCommand(program, runner, {
    name: 'audit',
    description: 'Check a store (raw, offline, online or models) against what it was made from.',
    declare: (command) => command.argument('<store>', auditNames.join(', '), oneOf(...auditNames)),
    check: (_options: object, store) => ({ store: store as AuditName }),
    load: async () => (await import('../actions/monitoring-actions')).auditAction,
  });
  defineCommand(program, runner, {
    name: 'repair',
    description:
      'Make a store (raw, offline or online) what it must be again: what is damaged, missing or unexpected is replaced.',
    declare: (command) =>
      command.argument('<store>', repairNames.join(', '), oneOf(...repairNames)),
    check: (_options: object, store) => ({ store: store as RepairName }),
    load: async () => (await import('../actions/repair-action')).repairAction,
  });
  defineCommand(program, runner, {
    name: 'replay',
    description: 'Recompute a logged prediction and compare the result.',
    declare: (command) =>
      command.argument(
        '<prediction-id>',
        "the id that the API's /predict returned, a UUID",
        predictionId,
      ),
    check: (_options: object, id) => ({ id }),
    load: async () => (await import('../actions/monitoring-actions')).replayAction,
  });
}
