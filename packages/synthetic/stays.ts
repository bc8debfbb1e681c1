import {
  CYCLE,
  LEVEL_CHANGES,
  levelShares,
  LONGEST_STAY_CYCLES,
  planMoves,
  planNames,
  sessionsPerCycle,
} from './business-rules';
import { chooseIndex, drawBetween } from './choose';
import { dropOutShare, leavingShare, type Standing } from './conduct';
import type { Draw, Streams } from './named-streams';
import { returnsAfter, returnWays, returnWayShares, TRIAL, type Recipe } from './recipes';
import type { Signup } from './signups';
import type { Moment, Plan } from './synthetic-world';

/** An unbroken time as a customer: a trial, perhaps, and cycles end to end. */
export interface Stay {
  /** 0 for the first of a user, 1 for the one after the first return … */
  readonly place: number;
  readonly since: Moment;
  /** The event that tells of its beginning, at `since`; undefined when none does. */
  readonly comesBy: (typeof returnWays)[number] | undefined;
  readonly standing: Standing;
  readonly trial: 'none' | 'goes-on' | 'drops-out';
  /** Where cycle 0 starts, or would: where the trial ends. */
  readonly start: Moment;
  /** No more cycles than that. */
  readonly longest: number;
  readonly draw: Draw;
}

/** Consecutive cycles of one standing. At the end of the last, it changes or the user leaves. */
export interface Era {
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
  planNames.map((plan) => [plan, sessionsPerCycle.map((_, level) => eraLaw({ plan, level }))]),
) as Record<Plan, EraLaw[]>;

/** In every cycle the user may leave, else change plan, else change level of engagement. */
function eraLaw(standing: Standing): EraLaw {
  const leaves = leavingShare(standing);
  const changesPlan = (1 - leaves) * planMoves[standing.plan].share;
  const changesLevel = (1 - leaves - changesPlan) * LEVEL_CHANGES;
  const ends = leaves + changesPlan + changesLevel;
  return { leaves, changesPlan, changesLevel, ends, logLasts: Math.log(1 - ends) };
}

/** @param draw  The user's stream of `life`, after the draws of the signup. */
export function firstStay(signup: Signup, recipe: Recipe, draw: Draw, streams: Streams): Stay {
  const { standing, time } = signup;
  const isPaid = standing.plan !== 'free';
  const trial = isPaid && !signup.isFounder ? trialOf(signup, recipe, streams) : 'none';
  const start = trial === 'none' ? time : time + TRIAL;
  return {
    place: 0,
    since: time,
    comesBy: isPaid && recipe.announcesStarts ? 'subscription_started' : undefined,
    standing,
    trial,
    start,
    longest: cyclesLeft(signup, start),
    draw,
  };
}

function trialOf({ index, standing }: Signup, recipe: Recipe, streams: Streams): Stay['trial'] {
  if (recipe.trials === 0) return 'none';
  const draw = streams.open('trial', index);
  if (draw() >= recipe.trials) return 'none';
  return draw() < dropOutShare(standing) ? 'drops-out' : 'goes-on';
}

/** However often somebody comes back: nothing of a life is later than the longest stay's end. */
function cyclesLeft(signup: Signup, start: Moment): number {
  return LONGEST_STAY_CYCLES - Math.ceil((start - signup.time) / CYCLE);
}

/** The stay of a user who comes back after leaving; undefined for those who do not. */
export function returnAfter(
  stay: Stay,
  left: { readonly plan: Plan; readonly at: Moment },
  { signup, recipe, streams }: { signup: Signup; recipe: Recipe; streams: Streams },
): Stay | undefined {
  if (recipe.returns === 0) return undefined;
  const place = stay.place + 1;
  const draw = streams.open('return', signup.index, place);
  if (draw() >= recipe.returns) return undefined;
  const soonness = draw();
  const since = left.at + drawBetween(returnsAfter, () => soonness * soonness);
  const longest = cyclesLeft(signup, since);
  if (longest < 1) return undefined;
  const way = returnWays[chooseIndex(returnWayShares, draw())]!;
  const comesBy = way === 'charge' && left.plan === 'free' ? 'subscription_started' : way;
  const targets = planMoves[left.plan].targets;
  const plan = comesBy === 'plan_change' ? planNames[chooseIndex(targets, draw())]! : left.plan;
  const level = chooseIndex(levelShares.newcomer, draw());
  return {
    place,
    since,
    comesBy,
    standing: { plan, level },
    trial: 'none',
    start: since,
    longest,
    draw: streams.open('life', signup.index, place),
  };
}

/** A stay's eras, one after another, until the user leaves or no cycle starts by `through`. */
export function* erasOf(stay: Stay, through: Moment, streams: Streams): Generator<Era> {
  const lastWanted = Math.floor((through - stay.start) / CYCLE);
  let era: Era = { first: -1, last: -1, standing: stay.standing, next: stay.standing };
  while (era.next !== 'leaves' && era.last < lastWanted) {
    streams.countWork('era');
    era = nextEra(era.next, era.last + 1, stay);
    yield era;
  }
}

/** How long a standing lasts, which is geometric, and what follows. */
function nextEra(standing: Standing, first: number, { draw, longest }: Stay): Era {
  const { plan, level } = standing;
  const law = eraLaws[plan][level]!;
  const last = first + Math.floor(Math.log(1 - draw()) / law.logLasts);
  const chance = draw() * law.ends;
  if (last >= longest - 1) return { first, last: longest - 1, standing, next: 'leaves' };
  if (chance < law.leaves) return { first, last, standing, next: 'leaves' };
  const excess = chance - law.leaves;
  if (excess < law.changesPlan) {
    const nextPlan = planNames[chooseIndex(planMoves[plan].targets, excess / law.changesPlan)]!;
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
