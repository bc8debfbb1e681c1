import type { SyntheticWorld } from '../contracts';
import {
  FIRST_YEAR_DAYS,
  FOUNDING_DAYS,
  levelShares,
  planNames,
  planShares,
} from './business-rules';
import { chooseIndex } from './choose';
import type { Standing } from './conduct';
import type { Draw } from './named-streams';
import { DAY } from './durations';
import { openingOf, type Moment } from './synthetic-world';
import { recipes, type Recipe } from './recipes';

/** How a life begins. */
export interface Signup {
  /** Users are numbered from 0 in the order of their signups. */
  readonly index: number;
  readonly time: Moment;
  readonly standing: Standing;
  /** Whether the user was there before the year began, so to speak, and is a customer like others. */
  readonly isFounder: boolean;
}

/**
 * When users sign up. The first half of `users` comes within 30 days, the rest within the year, and
 * so on at that rate for ever; each somewhere in a slot of their own, so that the users of a window
 * are a range of indices.
 */
export class SignupCalendar {
  readonly recipe: Recipe;
  readonly #opening: Moment;
  readonly #founders: number;
  readonly #slotOfFounder: number;
  readonly #slotOfNewcomer: number;

  constructor(world: SyntheticWorld) {
    this.recipe = recipes.get(world.version)!;
    this.#opening = openingOf(world);
    this.#founders = Math.floor(world.users / 2);
    this.#slotOfFounder = (FOUNDING_DAYS * DAY) / Math.max(1, this.#founders);
    this.#slotOfNewcomer =
      ((FIRST_YEAR_DAYS - FOUNDING_DAYS) * DAY) / (world.users - this.#founders);
  }

  /** The signup of a user, by the first three draws of the user's life. */
  signupOf(index: number, draw: Draw): Signup {
    const isFounder = index < this.#founders;
    const kind = isFounder ? 'founder' : 'newcomer';
    const place = index + draw();
    const offset = isFounder
      ? place * this.#slotOfFounder
      : FOUNDING_DAYS * DAY + (place - this.#founders) * this.#slotOfNewcomer;
    const time = this.#opening + Math.floor(offset);
    const plan = planNames[chooseIndex(planShares[kind], draw())]!;
    const level = chooseIndex(levelShares[kind], draw());
    return { index, time, standing: { plan, level }, isFounder };
  }

  /** Indices that hold everyone who signs up in `[from, through]`, and at most a few others. */
  indicesWithin(from: Moment, through: Moment): { first: number; last: number } {
    return {
      first: Math.max(0, this.#slotAt(from) - 1),
      last: through < this.#opening ? -1 : this.#slotAt(through) + 1,
    };
  }

  #slotAt(moment: Moment): number {
    const offset = moment - this.#opening;
    if (offset < FOUNDING_DAYS * DAY) {
      return Math.min(this.#founders, Math.floor(offset / this.#slotOfFounder));
    }
    return this.#founders + Math.floor((offset - FOUNDING_DAYS * DAY) / this.#slotOfNewcomer);
  }
}
