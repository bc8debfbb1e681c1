import type { Command } from 'commander';
import { defineCommand, type CommandRunner } from '../define-command';

const nothing = () => ({});

export function addStackCommands(program: Command, runner: CommandRunner): void {
  defineCommand(program, runner, {
    name: 'up',
    description:
      'Start those of Postgres, Redis, Temporal, worker and API that are not running, and restart worker and API if settings or the build have changed.',
    check: nothing,
    load: async () => (await import('../actions/stack-actions')).upAction,
  });
  defineCommand(program, runner, {
    name: 'down',
    description: 'Stop the services that `up` started.',
    check: nothing,
    load: async () => (await import('../actions/stack-actions')).downAction,
  });
  defineCommand(program, runner, {
    name: 'status',
    description: 'Show the services of this installation.',
    check: nothing,
    load: async () => (await import('../actions/stack-actions')).statusAction,
  });
}
