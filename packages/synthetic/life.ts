import {
  CANCELS,
  CANCELS_WITHIN,
  CYCLE,
  LEVEL_CHANGES,
  LONGEST_STAY_CYCLES,
  LOOKS_IN_AGAIN,
  planMoves,
  plans,
  sessionsPerCycle,
} from './business-rules';
import { chooseIndex } from './choose';
import { drawConduct, leavingShare, type Conduct, type Standing } from './conduct';
import type { Draw, Streams } from './named-streams';
import { userIdOf, type Signup, type SignupCalendar } from './signups';
import type { Moment, Plan } from './synthetic-world';

/** 30 days of a user. */
export interface Cycle extends Conduct {
  readonly number: number;
  readonly start: Moment;
  readonly plan: Plan;
  /** The plan that the user changes to in the last days of the cycle, if any. */
  readonly nextPlan: Plan | undefined;
  /** Sessions from this moment on do not happen: the user has cancelled. */
  readonly cancelledAt: Moment | undefined;
  /** The one look back of a user who has cancelled, not a cycle of a subscription. */
  readonly isEpilogue: boolean;
}

/** Some cycles of one user. */
export interface Life {
  readonly index: number;
  readonly userId: string;
  readonly signupTime: Moment;
  readonly cycles: readonly Cycle[];
}

/** Cycles whose start lies in `[from, through]`. */
export interface CycleRange {
  readonly from: Moment;
  readonly through: Moment;
}

/** Consecutive cycles of one standing. At the end of the last, it changes or the user leaves. */
interface Era {
  readonly first: number;
  readonly last: number;
  readonly standing: Standing;
  readonly next: Standing | 'leaves';
}

/** Per cycle of a standing: the chances of what can end it, in the order in which they are tried. */
interface EraLaw {
  readonly leaves: number;
  readonly changesPlan: number;
  readonly changesLevel: number;
  readonly ends: number;
  readonly logLasts: number;
}

const eraLaws = Object.fromEntries(
  plans.map((plan) => [plan, sessionsPerCycle.map((_, level) => eraLaw({ plan, level }))]),
) as Record<Plan, EraLaw[]>;

/** In every cycle the user may leave, else change plan, else change level of engagement. */
function eraLaw(standing: Standing): EraLaw {
  const leaves = leavingShare(standing);
  const changesPlan = (1 - leaves) * planMoves[standing.plan].share;
  const changesLevel = (1 - leaves - changesPlan) * LEVEL_CHANGES;
  const ends = leaves + changesPlan + changesLevel;
  return { leaves, changesPlan, changesLevel, ends, logLasts: Math.log(1 - ends) };
}

/**
 * A user's cycles in the range, in order; undefined when there are none.
 *
 * To make any day, everyone's life so far has to be known; so a life is walked era by era, two draws
 * each and a handful of eras in all, and only the cycles asked for are filled in.
 */
export function lifeOf(
  calendar: SignupCalendar,
  index: number,
  range: CycleRange,
  streams: Streams,
): Life | undefined {
  const draw = streams.open('life', index);
  const signup = calendar.signupOf(index, draw);
  const firstWanted = Math.max(0, Math.ceil((range.from - signup.time) / CYCLE));
  const lastWanted = Math.floor((range.through - signup.time) / CYCLE);
  const cycles: Cycle[] = [];
  let era: Era = { first: -1, last: -1, standing: signup.standing, next: signup.standing };
  while (era.next !== 'leaves' && era.last < lastWanted) {
    streams.countWork('era');
    era = nextEra(era.next, era.last + 1, draw);
    const last = Math.min(era.last, lastWanted);
    for (let number = Math.max(era.first, firstWanted); number <= last; number += 1) {
      cycles.push(cycleOf(signup, era, number, streams));
    }
  }
  if (era.next === 'leaves' && era.last + 1 >= firstWanted && era.last < lastWanted) {
    cycles.push(...epilogueOf(signup, era, streams));
  }
  if (cycles.length === 0) return undefined;
  return { index, userId: userIdOf(index), signupTime: signup.time, cycles };
}

/** How long a standing lasts, which is geometric, and what follows. */
function nextEra(standing: Standing, first: number, draw: Draw): Era {
  const { plan, level } = standing;
  const law = eraLaws[plan][level]!;
  const last = first + Math.floor(Math.log(1 - draw()) / law.logLasts);
  const chance = draw() * law.ends;
  if (last >= LONGEST_STAY_CYCLES - 1) {
    return { first, last: LONGEST_STAY_CYCLES - 1, standing, next: 'leaves' };
  }
  if (chance < law.leaves) return { first, last, standing, next: 'leaves' };
  const excess = chance - law.leaves;
  if (excess < law.changesPlan) {
    const nextPlan = plans[chooseIndex(planMoves[plan].targets, excess / law.changesPlan)]!;
    return { first, last, standing, next: { plan: nextPlan, level } };
  }
  const rises = excess - law.changesPlan < law.changesLevel / 2;
  return { first, last, standing, next: { plan, level: steppedLevel(level, rises) } };
}

/** One level up or down; at either end, the only way there is. */
function steppedLevel(level: number, rises: boolean): number {
  const highest = sessionsPerCycle.length - 1;
  if (level === 0) return 1;
  if (level === highest) return highest - 1;
  return rises ? level + 1 : level - 1;
}

function cycleOf(signup: Signup, era: Era, number: number, streams: Streams): Cycle {
  streams.countWork('cycle');
  const isLastOfEra = number === era.last;
  const leaves = isLastOfEra && era.next === 'leaves';
  const { plan } = era.standing;
  const next = isLastOfEra && era.next !== 'leaves' ? era.next.plan : plan;
  const start = signup.time + number * CYCLE;
  const conduct = drawConduct(era.standing, leaves, streams.open('conduct', signup.index, number));
  return {
    number,
    start,
    plan,
    sessions: conduct.sessions,
    failedPayments: conduct.failedPayments,
    hasSessionDaysLate: conduct.hasSessionDaysLate,
    isRefunded: conduct.isRefunded,
    buysExtra: conduct.buysExtra,
    nextPlan: next === plan ? undefined : next,
    cancelledAt: leaves ? cancellationOf(signup, era, streams).at : undefined,
    isEpilogue: false,
  };
}

/** Whether a user who leaves says so, when, and whether to look in once more. */
function cancellationOf(
  signup: Signup,
  lastEra: Era,
  streams: Streams,
): { at: Moment | undefined; looksInAgain: boolean } {
  const draw = streams.open('leaving', signup.index);
  const cancels = draw() < CANCELS;
  const end = signup.time + (lastEra.last + 1) * CYCLE;
  const at = end - 1 - Math.floor(draw() * CANCELS_WITHIN);
  return { at: cancels ? at : undefined, looksInAgain: cancels && draw() < LOOKS_IN_AGAIN };
}

function epilogueOf(signup: Signup, lastEra: Era, streams: Streams): Cycle[] {
  if (!cancellationOf(signup, lastEra, streams).looksInAgain) return [];
  const number = lastEra.last + 1;
  const epilogue: Cycle = {
    number,
    start: signup.time + number * CYCLE,
    plan: lastEra.standing.plan,
    sessions: 1,
    failedPayments: 0,
    hasSessionDaysLate: false,
    isRefunded: false,
    buysExtra: false,
    nextPlan: undefined,
    cancelledAt: undefined,
    isEpilogue: true,
  };
  return [epilogue];
}
