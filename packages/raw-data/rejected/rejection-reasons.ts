/**
 * Why a row is rejected, in the order of the checks: a row with several faults gets the first.
 * The first ten need the row alone; the last three need what is known already, and are decided
 * inside the load's transaction.
 */
export const rejectionReasons = [
  /** An id is missing, longer than 128 characters, or has characters that don't print. */
  'invalid_id',
  /** A name is missing or unprintable, an amount is no plain decimal number, or beyond `MAX_AMOUNT_CENTS`. */
  'invalid_value',
  /** A time is missing, written in no way that is read, or no existing moment. */
  'invalid_time',
  'unknown_billing_type',
  /** Of anything but a refund, where the sign says nothing. */
  'negative_amount',
  /** An amount has more decimals than its currency. */
  'sub_cent_amount',
  'other_currency',
  /** The value of a property does not fit its type. */
  'invalid_property',
  /** Event or arrival more than 5 minutes ahead of the clock (never in simulated time). */
  'in_the_future',
  /** The event is more than 5 minutes later than its arrival. */
  'after_arrival',
  /** Neither loaded before nor accepted in this load. */
  'unknown_user',
  'before_signup',
  /** The id is known with other content. */
  'conflicting_duplicate',
] as const;

export type RejectionReason = (typeof rejectionReasons)[number];

export const CLOCK_TOLERANCE_MINUTES = 5;

/** A billion units where a currency has two decimals: the sum of 90,000 such amounts is still below 2^53, and so exact. */
export const MAX_AMOUNT_CENTS = 100_000_000_000;
