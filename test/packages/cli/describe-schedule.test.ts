import { describeSchedule } from '../../../packages/cli/describe-schedule';
import type { ScheduleStatus } from '../../../temporal-config';

const running: ScheduleStatus = {
  id: 'churn-daily',
  status: 'running',
  isAsDeclared: true,
  differences: [],
  note: null,
  nextRuns: ['2026-03-03T01:00:00.000Z', '2026-03-04T01:00:00.000Z'],
  lastWorkflowId: 'churn-daily-2026-03-02T01:00:00Z',
  missedCatchup: 2,
  skippedOverlap: 3,
};

describe('a schedule for people', () => {
  it('says when it runs next, what ran last and what was left out', () => {
    expect(describeSchedule(running).split('\n')).toEqual([
      'churn-daily: running',
      '  next runs  2026-03-03 01:00 UTC, 2026-03-04 01:00 UTC',
      '  last run   churn-daily-2026-03-02T01:00:00Z',
      '  skipped    3 while another one was running, 2 after an outage longer than the catch-up window',
    ]);
  });

  it('says that it is paused and why, and when it would run', () => {
    const text = describeSchedule({ ...running, status: 'paused', note: 'paused by hand' });
    expect(text).toMatch(/^churn-daily: paused \(paused by hand\)\n {2}would run {2}2026-03-03/);
  });

  it('says so where it is not what the code says, has never run, or is not there', () => {
    const other = {
      ...running,
      isAsDeclared: false,
      differences: ['calendars', 'time zone'],
      lastWorkflowId: null,
      nextRuns: [],
    };
    expect(describeSchedule(other)).toMatch(
      /next runs {2}none\n.*none yet\n.*\n.*differs .*: calendars, time zone; `churn schedule apply`/,
    );
    expect(describeSchedule({ ...running, status: 'missing' })).toBe(
      'churn-daily: missing; `churn schedule apply` creates it',
    );
  });
});
