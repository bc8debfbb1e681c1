import type { Command } from 'commander';
import { defineCommand, type CommandRunner } from '../define-command';
import { auditNames, type AuditName } from '../audit-names';
import { dateOption, oneOf, predictionId } from '../option-parsers';

export function addMonitoringCommands(program: Command, runner: CommandRunner): void {
  defineCommand(program, runner, {
    name: 'drift',
    description: 'Compare a day with what the champion was trained on.',
    declare: (command) => command.requiredOption('--date <date>', 'the partition', dateOption),
    check: ({ date }: { date: string }) => ({ date }),
    load: async () => (await import('../actions/monitoring-actions')).drift,
  });
  defineCommand(program, runner, {
    name: 'audit',
    description: 'Prove that a store holds what it must: raw, offline, online or models.',
    declare: (command) => command.argument('<store>', auditNames.join(', '), oneOf(...auditNames)),
    check: (_options: object, store) => ({ store: store as AuditName }),
    load: async () => (await import('../actions/monitoring-actions')).audit,
  });
  defineCommand(program, runner, {
    name: 'replay',
    description: 'Compute a logged prediction again from its id.',
    declare: (command) => command.argument('<prediction-id>', 'a UUID', predictionId),
    check: (_options: object, id) => ({ id }),
    load: async () => (await import('../actions/monitoring-actions')).replay,
  });
}
