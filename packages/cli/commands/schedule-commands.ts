import type { Command } from 'commander';
import { defineCommand, type CommandRunner } from '../define-command';

const nothing = () => ({});

export function addScheduleCommands(program: Command, runner: CommandRunner): void {
  const schedule = program
    .command('schedule')
    .description('Manage the Temporal Schedules of the daily run and the watchdog.');
  defineCommand(schedule, runner, {
    name: 'apply',
    description: 'Create the schedules, or update them to what the code defines.',
    check: nothing,
    load: async () => (await import('../actions/schedule-actions')).applyAction,
  });
  defineCommand(schedule, runner, {
    name: 'show',
    description: 'Show the schedules, their next runs and whether they are paused.',
    check: nothing,
    load: async () => (await import('../actions/schedule-actions')).showAction,
  });
  defineCommand(schedule, runner, {
    name: 'pause',
    description: 'Pause the daily runs; the watchdog keeps checking for missed days.',
    check: nothing,
    load: async () => (await import('../actions/schedule-actions')).pauseAction,
  });
  defineCommand(schedule, runner, {
    name: 'resume',
    description: 'Resume the daily runs.',
    check: nothing,
    load: async () => (await import('../actions/schedule-actions')).resumeAction,
  });
}
