import type {
  ScheduleDescription,
  ScheduleOptions,
  ScheduleOptionsStartWorkflowAction,
} from '@temporalio/client';
import type { Workflow } from '@temporalio/common';

export type Schedule = ScheduleOptions<ScheduleOptionsStartWorkflowAction<Workflow>> & {
  /** In milliseconds, as the server describes durations. */
  readonly policies: { readonly catchupWindow: number };
};

/**
 * What a Schedule on the server does otherwise than the code says: its times, its policies, its limit
 * of runs, and what it starts and how. Empty where nothing is different. Comments, notes and whether
 * it is paused do not count: they are the operator's.
 *
 * @returns Names of the parts that differ, such as `calendars` or `time zone`.
 */
export function differences(present: ScheduleDescription, wanted: Schedule): string[] {
  const [there, here] = [partsOf(present), partsOf(wanted)];
  return Object.keys(here).filter((part) => textOf(there[part]) !== textOf(here[part]));
}

/** The parts of a Schedule with their defaults filled in: the server describes more than was asked for. */
function partsOf(schedule: ScheduleDescription | Schedule): Readonly<Record<string, unknown>> {
  const { spec, state } = schedule;
  const policies = schedule.policies as Readonly<Record<string, unknown>>;
  return {
    calendars: (spec.calendars ?? []).map(momentsOf).sort(),
    intervals: spec.intervals,
    'skipped times': (spec.skip ?? []).map(momentsOf).sort(),
    'first and last time': [spec.startAt?.toISOString(), spec.endAt?.toISOString()],
    jitter: spec.jitter,
    'time zone': spec.timezone === 'UTC' ? undefined : spec.timezone,
    'overlap policy': policies.overlap,
    'catch-up window': policies.catchupWindow,
    'pause on failure': policies.pauseOnFailure,
    // Also where none is left: the Schedule starts nothing any more.
    'number of runs': state?.remainingActions?.toString(),
    ...actionParts(schedule.action as Partial<Record<string, unknown>>),
  };
}

function actionParts(action: Partial<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const { workflowExecutionTimeout, workflowRunTimeout, workflowTaskTimeout } = action;
  return {
    workflow: [action.workflowType, action.workflowId],
    'task queue': action.taskQueue,
    arguments: action.args,
    'retry policy': action.retry,
    timeouts: { workflowExecutionTimeout, workflowRunTimeout, workflowTaskTimeout },
    memo: action.memo,
    'search attributes': action.searchAttributes,
    description: [action.staticSummary, action.staticDetails],
    priority: action.priority,
  };
}

type Calendar = NonNullable<(ScheduleDescription | Schedule)['spec']['calendars']>[number];

const MONTHS =
  'JANUARY FEBRUARY MARCH APRIL MAY JUNE JULY AUGUST SEPTEMBER OCTOBER NOVEMBER DECEMBER';
const WEEKDAYS = 'SUNDAY MONDAY TUESDAY WEDNESDAY THURSDAY FRIDAY SATURDAY';

/** Each field: what it is where it is left out, its least and greatest value, and their names. */
const fields = {
  second: { left: '0', range: [0, 59], names: '' },
  minute: { left: '0', range: [0, 59], names: '' },
  hour: { left: '0', range: [0, 23], names: '' },
  dayOfMonth: { left: '*', range: [1, 31], names: '' },
  month: { left: '*', range: [1, 12], names: ` ${MONTHS}` },
  year: { left: '*', range: [2000, 2100], names: '' },
  dayOfWeek: { left: '*', range: [0, 6], names: WEEKDAYS },
} as const;

/** The values that a calendar allows in each field, however its ranges were written. */
function momentsOf(calendar: Calendar): string {
  const values = Object.entries(fields).map(([name, { left, range, names }]) => {
    const numberOf = numbering(names.split(' '));
    const given = calendar[name as keyof typeof fields];
    const [least, greatest] = range;
    const isAll =
      given === '*' ||
      (given === undefined && left === '*') ||
      (name === 'year' && isEmptyList(given));
    const ranges: unknown[] = isAll ? [{ start: least, end: greatest }] : [given ?? 0].flat();
    const allowed = new Set(ranges.flatMap((part) => expand(part, numberOf)));
    return [...allowed].sort((one, other) => one - other).join(',');
  });
  return values.join(' ');
}

function isEmptyList(given: unknown): boolean {
  return Array.isArray(given) && given.length === 0;
}

function numbering(names: readonly string[]): (value: unknown) => number {
  return (value) => (typeof value === 'number' ? value : names.indexOf(String(value)));
}

function expand(part: unknown, numberOf: (value: unknown) => number): number[] {
  if (typeof part !== 'object' || part === null) return [numberOf(part)];
  const { start, end = start, step = 1 } = part as { start: unknown; end?: unknown; step?: number };
  const [first, last] = [numberOf(start), numberOf(end)];
  const count = Math.floor((last - first) / step) + 1;
  return Array.from({ length: Math.max(count, 1) }, (_, index) => first + index * step);
}

/** The same text for the same value: keys in order, and nothing said of what is empty or zero. */
function textOf(value: unknown): string {
  return JSON.stringify(essential(value)) ?? '';
}

function essential(value: unknown): unknown {
  if (value === null || value === 0 || value === '' || value === false) return undefined;
  if (Array.isArray(value)) return value.length === 0 ? undefined : value.map(essential);
  if (typeof value !== 'object') return value;
  const entries = Object.entries(value)
    .map(([key, part]) => [key, essential(part)] as const)
    .filter(([, part]) => part !== undefined)
    .sort(([one], [other]) => (one < other ? -1 : 1));
  return entries.length === 0 ? undefined : Object.fromEntries(entries);
}
