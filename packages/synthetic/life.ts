import { CANCELS, CANCELS_WITHIN, CYCLE, LOOKS_IN_AGAIN } from './business-rules';
import { drawBetween } from './choose';
import { drawConduct, drawTrialConduct, type Conduct } from './conduct';
import type { Streams } from './named-streams';
import {
  CYCLES_NUMBERED_PER_STAY,
  finalInvoiceAfter,
  periodEndNotice,
  TRIAL_CANCELS_WITHIN,
  type Recipe,
} from './recipes';
import type { Signup, SignupCalendar } from './signups';
import { erasOf, firstStay, returnAfter, type Era, type Stay } from './stays';
import type { Moment, Plan } from './synthetic-world';
import { mixedIds, plainIds, type UserIds } from './user-ids';

/** 30 days of a user, or a trial. */
export interface Cycle {
  /** Unique among the cycles of the user. */
  readonly number: number;
  /** `epilogue`: the one look back of a user who has cancelled, not a cycle of a subscription. */
  readonly kind: 'trial' | 'regular' | 'epilogue';
  readonly start: Moment;
  readonly end: Moment;
  /** When the user signed up or, in a later stay, came back. No session is earlier. */
  readonly since: Moment;
  /** Set in the stay's first cycle or trial: the event that tells of the beginning. */
  readonly comesBy: Stay['comesBy'];
  readonly plan: Plan;
  /** The plan that the user changes to in the last days of the cycle, if any. */
  readonly nextPlan: Plan | undefined;
  readonly conduct: Conduct;
  readonly leaving: Leaving;
}

/** Whether and how a user takes leave in a cycle or trial. */
export interface Leaving {
  readonly cancelledAt: Moment | undefined;
  /** A last charge after the cancellation. */
  readonly finalInvoiceAt: Moment | undefined;
  /** Sessions from this moment on do not happen. */
  readonly usedUntil: Moment;
}

const saysNothing: Leaving = {
  cancelledAt: undefined,
  finalInvoiceAt: undefined,
  usedUntil: Infinity,
};

const looksInOnce: Conduct = {
  sessions: 1,
  failedPayments: 0,
  hasSessionDaysLate: false,
  isRefunded: false,
  buysExtra: false,
};

/** Some cycles of one user. */
export interface Life {
  readonly index: number;
  readonly ids: UserIds;
  readonly recipe: Recipe;
  readonly signupTime: Moment;
  readonly cycles: readonly Cycle[];
}

/** Cycles whose start lies in `[from, through]`. */
export interface CycleRange {
  readonly from: Moment;
  readonly through: Moment;
}

/** What walking through a life needs and adds to. */
interface Walk {
  readonly signup: Signup;
  readonly recipe: Recipe;
  readonly range: CycleRange;
  readonly streams: Streams;
  readonly cycles: Cycle[];
}

/** What a stay leaves behind. */
interface Departure {
  readonly at: Moment;
  readonly plan: Plan;
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
  const { recipe } = calendar;
  const draw = streams.open('life', index);
  const signup = calendar.signupOf(index, draw);
  const walk: Walk = { signup, recipe, range, streams, cycles: [] };
  let stay: Stay | undefined = firstStay(signup, recipe, draw, streams);
  while (stay !== undefined && stay.since <= range.through) {
    const departure = walkStay(walk, stay);
    stay = departure && returnAfter(stay, departure, walk);
  }
  if (walk.cycles.length === 0) return undefined;
  const ids = idsOf(index, recipe, streams);
  return { index, ids, recipe, signupTime: signup.time, cycles: walk.cycles };
}

export function idsOf(index: number, recipe: Recipe, streams: Streams): UserIds {
  return recipe.hasMixedIds ? mixedIds(index, streams) : plainIds(index);
}

/** Adds a stay's cycles in the range; undefined when the user is still there at the range's end. */
function walkStay(walk: Walk, stay: Stay): Departure | undefined {
  const { range, streams, cycles } = walk;
  if (stay.trial !== 'none') {
    if (stay.since >= range.from && stay.since <= range.through) cycles.push(trialOf(walk, stay));
    if (stay.trial === 'drops-out') return { at: stay.start, plan: stay.standing.plan };
  }
  const firstWanted = Math.max(0, Math.ceil((range.from - stay.start) / CYCLE));
  const lastWanted = Math.floor((range.through - stay.start) / CYCLE);
  for (const era of erasOf(stay, range.through, streams)) {
    const last = Math.min(era.last, lastWanted);
    for (let place = Math.max(era.first, firstWanted); place <= last; place += 1) {
      cycles.push(cycleOf(walk, stay, era, place));
    }
    if (era.next !== 'leaves') continue;
    const { plan } = era.standing;
    addEpilogue(walk, stay, era);
    return { at: stay.start + (era.last + 1) * CYCLE, plan };
  }
  return undefined;
}

function trialOf(walk: Walk, stay: Stay): Cycle {
  const { signup, streams } = walk;
  const { standing, since, start, place } = stay;
  const dropsOut = stay.trial === 'drops-out';
  const draw = streams.open('trial-conduct', signup.index, place);
  streams.countWork('cycle');
  return {
    number: (place + 1) * CYCLES_NUMBERED_PER_STAY - 1,
    kind: 'trial',
    start: since,
    end: start,
    since,
    comesBy: stay.comesBy,
    plan: standing.plan,
    nextPlan: undefined,
    conduct: drawTrialConduct(standing, dropsOut, draw),
    leaving: dropsOut ? leavingOf(walk, stay, start, standing.plan) : saysNothing,
  };
}

function cycleOf(walk: Walk, stay: Stay, era: Era, place: number): Cycle {
  const { signup, streams } = walk;
  const { standing, next } = era;
  const isLastOfEra = place === era.last;
  const leaves = isLastOfEra && next === 'leaves';
  const nextPlan = isLastOfEra && next !== 'leaves' ? next.plan : standing.plan;
  const number = stay.place * CYCLES_NUMBERED_PER_STAY + place;
  const start = stay.start + place * CYCLE;
  const end = start + CYCLE;
  streams.countWork('cycle');
  return {
    number,
    kind: 'regular',
    start,
    end,
    since: stay.since,
    comesBy: start === stay.since ? stay.comesBy : undefined,
    plan: standing.plan,
    nextPlan: nextPlan === standing.plan ? undefined : nextPlan,
    conduct: drawConduct(standing, leaves, streams.open('conduct', signup.index, number)),
    leaving: leaves ? leavingOf(walk, stay, end, standing.plan) : saysNothing,
  };
}

/** Three in four cancel, at once or at the end of the period; the others are not heard of again. */
function leavingOf(walk: Walk, stay: Stay, end: Moment, plan: Plan): Leaving {
  const { signup, recipe, streams } = walk;
  const isTrial = stay.trial === 'drops-out';
  const draw = streams.open('leaving', signup.index, stay.place);
  if (draw() >= CANCELS) return saysNothing;
  const within = isTrial ? TRIAL_CANCELS_WITHIN : CANCELS_WITHIN;
  const shortlyBefore = end - 1 - Math.floor(draw() * within);
  if (recipe.cancelsAtPeriodEnd === 0 && recipe.finalInvoices === 0) {
    return { cancelledAt: shortlyBefore, finalInvoiceAt: undefined, usedUntil: shortlyBefore };
  }
  const drawCancellation = streams.open('cancellation', signup.index, stay.place);
  const staysOn = drawCancellation() < recipe.cancelsAtPeriodEnd;
  const longBefore = end - drawBetween(periodEndNotice, drawCancellation);
  const cancelledAt = staysOn && !isTrial ? longBefore : shortlyBefore;
  const isInvoiced = drawCancellation() < recipe.finalInvoices;
  const hasInvoice = isInvoiced && !isTrial && plan !== 'free';
  const finalInvoiceAt = cancelledAt + drawBetween(finalInvoiceAfter, drawCancellation);
  return {
    cancelledAt,
    finalInvoiceAt: hasInvoice ? finalInvoiceAt : undefined,
    usedUntil: staysOn ? end : cancelledAt,
  };
}

/** Of those who have cancelled, a few look in once more in the 30 days after their last cycle. */
function addEpilogue({ signup, range, streams, cycles }: Walk, stay: Stay, lastEra: Era): void {
  const place = lastEra.last + 1;
  const start = stay.start + place * CYCLE;
  if (start < range.from || start > range.through) return;
  const draw = streams.open('leaving', signup.index, stay.place);
  const cancels = draw() < CANCELS;
  draw();
  if (!cancels || draw() >= LOOKS_IN_AGAIN) return;
  cycles.push({
    number: stay.place * CYCLES_NUMBERED_PER_STAY + place,
    kind: 'epilogue',
    start,
    end: start + CYCLE,
    since: stay.since,
    comesBy: undefined,
    plan: lastEra.standing.plan,
    nextPlan: undefined,
    conduct: looksInOnce,
    leaving: saysNothing,
  });
}
