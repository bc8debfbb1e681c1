import type { SyntheticWorld } from '../contracts';
import {
  countries,
  countryShares,
  CYCLE,
  LATEST_ARRIVAL,
  LONGEST_STAY_CYCLES,
  USER_ARRIVES_WITHIN,
} from './business-rules';
import { chooseIndex, drawBetween } from './choose';
import { DAY, SECOND } from './durations';
import { idsOf, lifeOf, type Cycle, type Life } from './life';
import { namedStreams, type CountWork, type Streams } from './named-streams';
import { billingEventsOf, planChangesOf } from './billing-events';
import {
  earliestCycleArrivingAfter,
  latestCycleArrivingBy,
  userEventsOf,
  type MomentWindow,
} from './sessions';
import { SignupCalendar } from './signups';
import { checkWorld, type ArrivalWindow, type WorldRows, type UserRow } from './synthetic-world';

/** Lives within a window so short are walked once for all tables; longer ones once for each. */
const REMEMBERED_WINDOW = 45 * DAY;

type RowsOfCycle<Row> = (
  life: Life,
  cycle: Cycle,
  window: MomentWindow,
  streams: Streams,
) => readonly Row[];

/**
 * All rows of the world that arrive in `(after, through]`.
 *
 * However a stretch of time is cut into windows, in whatever order and process they are generated,
 * their union is the same rows, each once. A day costs about what it brings: everyone who may still
 * be there is walked through (cheap, `lifeOf`), and only sessions that matter are played out.
 * Rows arrive at most `LATEST_ARRIVAL` after their event, and a user's row before the user's others.
 *
 * @param countWork  Told of every piece of work done, for those who doubt the cost.
 * @throws ChurnError INVALID_REQUEST when the world is not one.
 */
export function generateArrivals(
  world: SyntheticWorld,
  window: ArrivalWindow,
  countWork: CountWork = () => undefined,
): WorldRows {
  checkWorld(world);
  const streams = namedStreams(world.seed, countWork);
  const calendar = new SignupCalendar(world);
  const moments = { after: Number(window.after), through: Number(window.through) };
  const walk = () => walkLives(calendar, moments, streams);
  const isShort = moments.through - moments.after <= REMEMBERED_WINDOW;
  const lives = isShort ? remembered(walk) : walk;
  const table = <Row>(rowsOfCycle: RowsOfCycle<Row>): Iterable<Row> =>
    iterable(() => rowsOfLives(lives(), rowsOfCycle, moments, streams));
  return {
    users: iterable(() => usersArriving(calendar, moments, streams)),
    planChanges: table(planChangesOf),
    userEvents: table(userEventsOf),
    billingEvents: table(billingEventsOf),
  };
}

function iterable<Row>(generate: () => Iterator<Row>): Iterable<Row> {
  return { [Symbol.iterator]: generate };
}

function remembered<Item>(generate: () => Iterable<Item>): () => Iterable<Item> {
  let items: readonly Item[] | undefined;
  return () => (items ??= [...generate()]);
}

function* usersArriving(
  calendar: SignupCalendar,
  { after, through }: MomentWindow,
  streams: Streams,
): Generator<UserRow> {
  const { first, last } = calendar.indicesWithin(after - USER_ARRIVES_WITHIN, through);
  for (let index = first; index <= last; index += 1) {
    const { time, standing } = calendar.signupOf(index, streams.open('life', index));
    const draw = streams.open('profile', index);
    const country = countries[chooseIndex(countryShares, draw())]!;
    const arrival = time + drawBetween({ min: SECOND, max: USER_ARRIVES_WITHIN }, draw);
    if (arrival <= after || arrival > through) continue;
    streams.countWork('row');
    yield {
      userId: idsOf(index, calendar.recipe, streams).user,
      signupTime: BigInt(time),
      plan: standing.plan,
      country,
      ingestedAt: BigInt(arrival),
    };
  }
}

function* walkLives(
  calendar: SignupCalendar,
  { after, through }: MomentWindow,
  streams: Streams,
): Generator<Life> {
  const range = {
    from: earliestCycleArrivingAfter(after, calendar.recipe),
    through: latestCycleArrivingBy(through, calendar.recipe),
  };
  const longAgo = after - (LONGEST_STAY_CYCLES + 1) * CYCLE - LATEST_ARRIVAL - DAY;
  const { first, last } = calendar.indicesWithin(longAgo, through);
  for (let index = first; index <= last; index += 1) {
    const life = lifeOf(calendar, index, range, streams);
    if (life !== undefined) yield life;
  }
}

function* rowsOfLives<Row>(
  lives: Iterable<Life>,
  rowsOfCycle: RowsOfCycle<Row>,
  window: MomentWindow,
  streams: Streams,
): Generator<Row> {
  for (const life of lives) {
    for (const cycle of life.cycles) {
      // Not yield*: an array costs half as much as delegating to another generator for each row.
      for (const row of rowsOfCycle(life, cycle, window, streams)) yield row;
    }
  }
}
