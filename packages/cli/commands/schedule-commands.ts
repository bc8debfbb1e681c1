import type { Command } from 'commander';
import { defineCommand, type CommandRunner } from '../define-command';

const nothing = () => ({});

export function addScheduleCommands(program: Command, runner: CommandRunner): void {
  const schedule = program.command('schedule').description("The daily run's Temporal Schedule.");
  defineCommand(schedule, runner, {
    name: 'apply',
    description: 'Create or update the schedules from code.',
    check: nothing,
    load: async () => (await import('../actions/schedule-actions')).apply,
  });
  defineCommand(schedule, runner, {
    name: 'show',
    description: 'Show the schedules.',
    check: nothing,
    load: async () => (await import('../actions/schedule-actions')).show,
  });
  defineCommand(schedule, runner, {
    name: 'pause',
    description: 'Pause the daily runs; the watchdog goes on.',
    check: nothing,
    load: async () => (await import('../actions/schedule-actions')).pause,
  });
  defineCommand(schedule, runner, {
    name: 'resume',
    description: 'Resume the daily runs.',
    check: nothing,
    load: async () => (await import('../actions/schedule-actions')).resume,
  });
}
