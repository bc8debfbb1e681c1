import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import seedrandom from 'seedrandom';
import { datesBetween, midnightOf, type LogicalDate } from '../../packages/instants/logical-date';
import { quietly, type TestApplication } from './open-test-platform';

export interface WorldEvent {
  readonly userId: string;
  readonly eventType: string;
  /** ISO 8601, UTC. */
  readonly eventTime: string;
}

/** Users who come and go for half a year, fail payments and write support tickets. */
export interface TicketWorld {
  readonly users: readonly string[];
  readonly userEvents: readonly WorldEvent[];
  readonly billingEvents: readonly WorldEvent[];
}

const usersHeader = 'user_id,signup_time,plan';
const SIGNUP = '2024-01-01T00:00:00Z';
export const WORLD_END = '2024-06-30';

/** A pure function of the number of users; everybody signs up on 2024-01-01. */
export function ticketWorld(users: number): TicketWorld {
  const random = seedrandom('tickets');
  const userIds = Array.from({ length: users }, (_, index) => `user${index}`);
  const userEvents: WorldEvent[] = [];
  const billingEvents: WorldEvent[] = [];
  const days = datesBetween('2024-01-02', WORLD_END);
  for (const userId of userIds) {
    const leaves = Math.floor(40 + random.double() * 260);
    const activity = 0.1 + random.double() * 0.5;
    days.slice(0, leaves).forEach((day, index) => {
      if (random.double() < activity) userEvents.push(eventOn(userId, day, 'login', random));
      // Who will leave soon complains more, so that there is something to learn.
      if (random.double() < (leaves - index < 40 ? 0.15 : 0.03)) {
        userEvents.push(eventOn(userId, day, 'support_ticket', random));
      }
      if (random.double() < 0.02) billingEvents.push(eventOn(userId, day, 'charge_failed', random));
    });
  }
  return { users: userIds, userEvents, billingEvents };
}

function eventOn(
  userId: string,
  day: LogicalDate,
  eventType: string,
  random: () => number,
): WorldEvent {
  const clock = [24, 60, 60].map((size) => String(Math.floor(random() * size)).padStart(2, '0'));
  return { userId, eventType, eventTime: `${day}T${clock.join(':')}Z` };
}

/** Writes the world as an import folder and imports it. */
export function importWorld(
  application: TestApplication,
  world: TicketWorld,
  arrival: 'assumed' | 'now' = 'assumed',
) {
  const { users, userEvents, billingEvents } = world;
  return importTables(
    application,
    {
      users: [usersHeader, ...users.map((user) => `${user},${SIGNUP},free`)],
      user_events: [
        'event_id,user_id,session_id,event_type,event_time',
        ...userEvents.map(
          (event, index) =>
            `e${index},${event.userId},s${index},${event.eventType},${event.eventTime}`,
        ),
      ],
      billing_events: [
        'event_id,user_id,event_type,amount,event_time',
        ...billingEvents.map(
          (event, index) => `b${index},${event.userId},${event.eventType},5,${event.eventTime}`,
        ),
      ],
    },
    arrival,
  );
}

/** Imports tables given as lines of CSV; the source is complete through the end of the world. */
export async function importTables(
  { dataDir, services }: TestApplication,
  tables: Readonly<Record<string, readonly string[]>>,
  arrival: 'assumed' | 'now' = 'assumed',
) {
  const folder = path.join(dataDir, 'import');
  mkdirSync(folder, { recursive: true });
  // A folder has users, be it none that are new.
  for (const [table, lines] of Object.entries({ users: [usersHeader], ...tables })) {
    writeFileSync(path.join(folder, `${table}.csv`), `${lines.join('\n')}\n`);
  }
  const completeThrough = midnightOf(WORLD_END);
  const report = await services.importFolder({ folder, arrival, completeThrough }, quietly);
  const rejected = Object.values(report.rejected).flatMap((reasons) => Object.values(reasons));
  if (rejected.length > 0) throw new Error(`rejected: ${JSON.stringify(report.rejected)}`);
  return report;
}
