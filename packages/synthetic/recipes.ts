import { DAY, HOUR } from './durations';

/**
 * What tells one version of the world from another; all else is in `business-rules`. A share is the
 * chance that it happens to one of those named.
 */
export interface Recipe {
  /** Of newcomers on a paid plan: those who begin with a trial. */
  readonly trials: number;
  /** Whether a paid plan begins with a `subscription_started`. */
  readonly announcesStarts: boolean;
  /**
   * Of those who cancel: those who go on until the cycle or trial ends. They cancel a cycle well
   * before its end, the others in its last days.
   */
  readonly cancelsAtPeriodEnd: number;
  /** Of those who cancel a paid plan: those who are charged once more within three days. */
  readonly finalInvoices: number;
  /** Of those who have left, whether they said so or not: those who come back once more. */
  readonly returns: number;
  /** By how much sessions move from the weekend towards the middle of the week. */
  readonly weeklyPull: number;
  /** Whether ids are of many forms and lengths, or short and alike. */
  readonly hasMixedIds: boolean;
}

/** By version. A recipe that any installation may hold is never changed: a new one is added. */
export const recipes: ReadonlyMap<number, Recipe> = new Map([
  [
    1,
    {
      trials: 0,
      announcesStarts: false,
      cancelsAtPeriodEnd: 0,
      finalInvoices: 0,
      returns: 0,
      weeklyPull: 0,
      hasMixedIds: false,
    },
  ],
  [
    2,
    {
      trials: 0.7,
      announcesStarts: true,
      cancelsAtPeriodEnd: 0.3,
      finalInvoices: 0.4,
      returns: 0.15,
      weeklyPull: 6 * HOUR,
      hasMixedIds: true,
    },
  ],
]);

/** What a new installation gets. */
export const LATEST_WORLD_VERSION = 2;

/** A trial is this long, and free of charge. */
export const TRIAL = 14 * DAY;
/** Those who cancel a trial do so within its last days. */
export const TRIAL_CANCELS_WITHIN = 6 * DAY;

/** Before the end of the cycle, for those who cancel at its end: after all attempts to charge. */
export const periodEndNotice = { min: 4 * DAY, max: 18 * DAY } as const;

/** After a cancellation. It must be less than three days: later, it would be a return. */
export const finalInvoiceAfter = { min: 1 * HOUR, max: 70 * HOUR } as const;

/** Since the end of the last cycle, mostly weeks: half come within two months. */
export const returnsAfter = { min: 21 * DAY, max: 150 * DAY } as const;

/** How those return who do; on a free plan nobody returns by a charge. */
export const returnWays = ['subscription_started', 'plan_change', 'charge'] as const;
export const returnWayShares = [0.6, 0.2, 0.2] as const;

/** An unbroken stay's cycles are numbered from a multiple of this. */
export const CYCLES_NUMBERED_PER_STAY = 64;
