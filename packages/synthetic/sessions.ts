import {
  CYCLE,
  daysLate,
  FIRST_STEPS_AFTER,
  hoursLate,
  LONGEST_SESSION,
  LONGEST_SITTING,
  promptDelay,
  RETURNS_AFTER,
  SESSION_HOURS_LATE,
  SESSION_RETURNS,
} from './business-rules';
import { chooseIndex, drawBetween, drawNearMin } from './choose';
import { DAY, HOUR, MINUTE, SECOND } from './durations';
import type { Cycle, Life } from './life';
import type { Draw, Streams } from './named-streams';
import type { Recipe } from './recipes';
import type { Moment, UserEventRow } from './synthetic-world';

const eventTypes = ['page_view', 'feature_used', 'search', 'report_exported'] as const;
const eventTypeShares = [0.48, 0.3, 0.15, 0.07] as const;

/** Sessions are up to this much earlier or later than an even spread: most are in the evening. */
const EVENING_PULL = 2.5 * HOUR;
const EVENING_SHIFT = 0.29;

/** The middle of the weekend, from which sessions are pulled away; epoch weeks begin on a Thursday. */
const WEEK = 7 * DAY;
const WEEKEND_SHIFT = 3 / 7;

/** How soon after signup the very first session comes, for those who have one in their first cycle. */
const FIRST_LOGIN_WITHIN = 6 * HOUR;

/** Unless it is one of those days late, no session is under way longer after its start. */
const UNDER_WAY = Math.max(LONGEST_SESSION + promptDelay.max, hoursLate.max);

interface Session {
  /** Its number within the cycle, in no order. */
  readonly place: number;
  readonly start: Moment;
  readonly returns: boolean;
  /** When positive, the whole session arrives that long after its start, days later. */
  readonly lateBy: number;
}

/** Moments of arrival, `(after, through]`. */
export interface MomentWindow {
  readonly after: Moment;
  readonly through: Moment;
}

/** The earliest cycle start of which sessions may still arrive after `moment`. */
export function earliestCycleArrivingAfter(moment: Moment, recipe: Recipe): Moment {
  return moment - daysLate.max - CYCLE - longestPull(recipe);
}

/** The latest cycle start of which sessions may arrive by `moment`: they are pulled to before it, too. */
export function latestCycleArrivingBy(moment: Moment, recipe: Recipe): Moment {
  return moment + longestPull(recipe);
}

/** No session is further from an even spread than that. */
function longestPull({ weeklyPull }: Recipe): number {
  return weeklyPull + EVENING_PULL;
}

/** The events of one cycle that arrive in the window: by session start, then as they happened. */
export function userEventsOf(
  user: Life,
  cycle: Cycle,
  window: MomentWindow,
  streams: Streams,
): UserEventRow[] {
  const isOver = cycle.end + longestPull(user.recipe) + UNDER_WAY < window.after;
  // Most cycles of the past weeks end here: nothing of them is under way any more.
  if (isOver && !cycle.conduct.hasSessionDaysLate) return [];
  const rows: UserEventRow[] = [];
  for (const session of sessionsUnderWay(user, cycle, window, streams)) {
    pushEventsArriving(rows, { user, cycle, session }, window, streams);
  }
  return rows;
}

/** The sessions of a cycle of which something may arrive in the window, by start. */
function sessionsUnderWay(
  user: Life,
  cycle: Cycle,
  window: MomentWindow,
  streams: Streams,
): Session[] {
  const late = lateSession(user, cycle, streams);
  const draw = streams.open('sessions', user.index, cycle.number);
  const pull = longestPull(user.recipe);
  const sessions: Session[] = [];
  for (let place = 0; place < cycle.conduct.sessions; place += 1) {
    const evenly = evenStart(cycle, place, draw());
    const returns = draw() < SESSION_RETURNS;
    const lateBy = place === late.place ? late.by : 0;
    // Most sessions of the cycle end here, before they cost a sine.
    if (evenly - pull > window.through) continue;
    if (evenly + pull + Math.max(lateBy, UNDER_WAY) < window.after) continue;
    const start = startNear(user, cycle, evenly);
    if (start >= cycle.leaving.usedUntil) continue;
    sessions.push({ place, start, returns, lateBy });
  }
  return sessions.sort((left, right) => left.start - right.start);
}

/** Spread over the cycle; but the very first of a stay, if there is one, follows its beginning. */
function evenStart(cycle: Cycle, place: number, share: number): Moment {
  const isFirst = cycle.start === cycle.since && place === 0;
  if (isFirst) return firstStepsOf(cycle) + Math.floor(share * FIRST_LOGIN_WITHIN);
  return cycle.start + Math.floor(share * (cycle.end - cycle.start));
}

/** Pulled towards workdays and evenings, but not to before the user's first steps. */
function startNear({ recipe }: Life, cycle: Cycle, evenly: Moment): Moment {
  const pulled = towardsEvening(towardsWorkdays(evenly, recipe));
  return pulled < firstStepsOf(cycle) ? Math.max(firstStepsOf(cycle), evenly) : pulled;
}

function firstStepsOf(cycle: Cycle): Moment {
  return cycle.since + FIRST_STEPS_AFTER;
}

/** Which session of the cycle arrives days late, and by how much after its start. */
function lateSession(user: Life, cycle: Cycle, streams: Streams): { place: number; by: number } {
  if (!cycle.conduct.hasSessionDaysLate) return { place: -1, by: 0 };
  const draw = streams.open('session-days-late', user.index, cycle.number);
  const place = Math.floor(draw() * cycle.conduct.sessions);
  const share = draw();
  return { place, by: drawBetween(daysLate, () => share * share) };
}

/** Moves a moment within its half week, away from the weekend. Keeps the order of moments. */
function towardsWorkdays(moment: Moment, { weeklyPull }: Recipe): Moment {
  if (weeklyPull === 0) return moment;
  const angle = 2 * Math.PI * ((moment % WEEK) / WEEK - WEEKEND_SHIFT);
  return moment + Math.floor(weeklyPull * Math.sin(angle));
}

/** Moves a moment within its half day, towards 19:00 UTC. Keeps the order of moments. */
function towardsEvening(moment: Moment): Moment {
  const angle = 2 * Math.PI * ((moment % DAY) / DAY - EVENING_SHIFT);
  return moment + Math.floor(EVENING_PULL * Math.sin(angle));
}

function pushEventsArriving(
  rows: UserEventRow[],
  { user, cycle, session }: { user: Life; cycle: Cycle; session: Session },
  window: MomentWindow,
  streams: Streams,
): void {
  const { place, start, returns, lateBy } = session;
  const drawDelay = streams.open('event-arrival', user.index, cycle.number, place);
  const isHoursLate = drawDelay() < SESSION_HOURS_LATE;
  const hours = drawBetween(hoursLate, drawDelay);
  const wholeAfter = lateBy > 0 ? lateBy : isHoursLate ? hours : 0;
  const longest = (returns ? LONGEST_SESSION : LONGEST_SITTING) + promptDelay.max;
  if (start + Math.max(wholeAfter, longest) < window.after) return;
  if (start + wholeAfter > window.through) return;

  const events = eventsOf(session, streams.open('events', user.index, cycle.number, place));
  const lastEventTime = events.at(-1)!.time;
  const sessionId = user.ids.row('s', cycle.number, place);
  for (let order = 0; order < events.length; order += 1) {
    const { type, time } = events[order]!;
    const delay = drawNearMin(promptDelay, drawDelay);
    const arrival =
      wholeAfter === 0 ? time + delay : Math.max(start + wholeAfter, lastEventTime + SECOND);
    if (arrival <= window.after || arrival > window.through) continue;
    streams.countWork('row');
    rows.push({
      eventId: user.ids.row('e', cycle.number, place, order),
      userId: user.ids.user,
      sessionId,
      eventType: type,
      eventTime: BigInt(time),
      ingestedAt: BigInt(arrival),
    });
  }
}

/** A login, two to four events minutes apart and, when the user returns, one to three more. */
function eventsOf(session: Session, draw: Draw): { type: string; time: Moment }[] {
  let time = session.start;
  const events = [{ type: 'login', time }];
  const sit = (count: number): void => {
    for (let order = 0; order < count; order += 1) {
      time += Math.floor(2 * SECOND + 20 * MINUTE * draw() ** 3);
      events.push({ type: eventTypes[chooseIndex(eventTypeShares, draw())]!, time });
    }
  };
  sit(2 + Math.floor(draw() * 3));
  if (session.returns) {
    time += drawBetween(RETURNS_AFTER, draw);
    events.push({ type: 'page_view', time });
    sit(Math.floor(draw() * 3));
  }
  return events;
}
