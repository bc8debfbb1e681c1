import type { LoadWarning } from '../load-warning';

/** The plan that `is_pro_plan` asks for. */
const PRO = 'pro';
const ONE_PLAN_USERS_MIN = 20;
const NAMES_SHOWN_MAX = 5;

/** @param plans  The plans that users start with and change to, and how many rows name each. */
export function unexpectedPlans(plans: ReadonlyMap<string, number>): LoadWarning[] {
  const names = [...plans.keys()];
  const rows = [...plans.values()].reduce((sum, count) => sum + count, 0);
  if (rows === 0) return [];
  const warnings: LoadWarning[] = [];
  if (!plans.has(PRO)) {
    warnings.push({
      code: 'no_pro_plan',
      table: 'users',
      count: names.length,
      message: `No plan is called ${PRO}, so is_pro_plan will be false for every user; the plans are ${shown(names)}. Names of plans are compared exactly, upper and lower case too: if one of these is your pro plan, rename it to ${PRO}.`,
    });
  }
  if (names.length === 1 && rows >= ONE_PLAN_USERS_MIN) {
    warnings.push({
      code: 'one_plan',
      table: 'users',
      count: rows,
      message: `All ${rows} rows that name a plan name the same one, ${shown(names)}. If you have several plans, check which column was exported as plan.`,
    });
  }
  return warnings;
}

function shown(names: readonly string[]): string {
  const more = names.length - NAMES_SHOWN_MAX;
  const listed = names.slice(0, NAMES_SHOWN_MAX).join(', ');
  return more > 0 ? `${listed} and ${more} more` : listed;
}
