import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import {
  formatInstant,
  MICROS_PER_DAY,
  MICROS_PER_HOUR,
  parseInstant,
} from '../../../packages/instants/epoch-micros';
import { midnightOf } from '../../../packages/instants/logical-date';
import { csv } from '../raw-data/raw-data-fixture';
import type { Fact } from './touched-by-rules';

const FIRST_DAY = '2024-12-01';

const at = (day: number, hours: number) =>
  formatInstant(
    midnightOf(FIRST_DAY) + BigInt(day) * MICROS_PER_DAY + BigInt(hours) * MICROS_PER_HOUR,
  );

/** 140 days: `busy` comes every fourth day, `quiet` and `planner` only in the first weeks. */
export function baseFacts(): Fact[] {
  const userIds = ['busy', 'quiet', 'planner', 'payer'];
  const lastDay: Record<string, number> = { quiet: 20, planner: 30 };
  const days = Array.from({ length: 140 }, (_, day) => day);
  return [
    ...userIds.map((userId): Fact => ({ table: 'users', userId, plan: 'free', time: at(0, 1) })),
    ...userIds.flatMap((userId, index) =>
      days
        .filter((day) => day % 4 === 3 - index && day <= (lastDay[userId] ?? 139))
        .map((day): Fact => {
          const id = `${userId}-${day}`;
          const type = day % 8 === 3 - index ? 'login' : 'page_view';
          return { table: 'user_events', id, userId, sessionId: id, type, time: at(day, 6) };
        }),
    ),
    ...[10, 40, 70, 100, 130].map((day): Fact => ({
      table: 'billing_events',
      id: `payer-${day}`,
      userId: 'payer',
      type: 'charge_succeeded',
      cents: 1999,
      time: at(day, 9),
    })),
    { table: 'plan_changes', id: 'base', userId: 'planner', plan: 'pro', time: at(117, 12) },
  ];
}

/** Each is loaded as a batch of its own, long after it arrived: an hour after it happened. */
export const lateFacts: Record<string, Fact> = {
  'a session of a user who was silent': {
    table: 'user_events',
    id: 'late-session',
    userId: 'quiet',
    sessionId: 'late',
    type: 'page_view',
    time: '2025-03-06T10:00:00.000000Z',
  },
  'a login between two others': {
    table: 'user_events',
    id: 'late-login',
    userId: 'busy',
    sessionId: 'late-login',
    type: 'login',
    time: '2025-01-28T10:00:00.000000Z',
  },
  'a login exactly at midnight': {
    table: 'user_events',
    id: 'midnight',
    userId: 'quiet',
    sessionId: 'midnight',
    type: 'login',
    time: '2025-03-25T00:00:00.000000Z',
  },
  'a charge of 90 days before': {
    table: 'billing_events',
    id: 'late-charge',
    userId: 'payer',
    type: 'charge_succeeded',
    cents: 500,
    time: '2024-12-09T00:00:00.000001Z',
  },
  'a failed charge': {
    table: 'billing_events',
    id: 'late-failure',
    userId: 'payer',
    type: 'charge_failed',
    cents: 500,
    time: '2025-01-30T23:59:59.999999Z',
  },
  'a plan that was in force until the next change': {
    table: 'plan_changes',
    id: 'late-plan',
    userId: 'planner',
    plan: 'pro',
    time: '2025-03-19T08:00:00.000000Z',
  },
  'a cancellation': {
    table: 'billing_events',
    id: 'late-cancellation',
    userId: 'busy',
    type: 'subscription_cancelled',
    cents: 0,
    time: '2025-03-03T08:00:00.000000Z',
  },
  'a user': {
    table: 'users',
    userId: 'newcomer',
    plan: 'pro',
    time: '2025-03-28T08:00:00.000000Z',
  },
};

/** Writes facts as a source that carries its arrival times. */
export function writeFolder(folder: string, facts: readonly Fact[]): string {
  mkdirSync(folder, { recursive: true });
  const lines: Record<Fact['table'], string[]> = {
    users: [],
    plan_changes: [],
    user_events: [],
    billing_events: [],
  };
  for (const fact of facts) {
    const arrival = formatInstant(parseInstant(fact.time) + MICROS_PER_HOUR);
    lines[fact.table].push(`${fieldsOf(fact).join(',')},${fact.time},${arrival}`);
  }
  for (const table of Object.keys(headers) as Fact['table'][]) {
    const text = csv(`${headers[table]},ingested_at`, ...lines[table]);
    writeFileSync(path.join(folder, `${table}.csv`), text);
  }
  return folder;
}

const headers: Record<Fact['table'], string> = {
  users: 'user_id,plan,signup_time',
  plan_changes: 'change_id,user_id,plan,event_time',
  user_events: 'event_id,user_id,session_id,event_type,event_time',
  billing_events: 'event_id,user_id,event_type,amount_cents,event_time',
};

function fieldsOf(fact: Fact): readonly (string | number)[] {
  switch (fact.table) {
    case 'users':
      return [fact.userId, fact.plan];
    case 'plan_changes':
      return [fact.id, fact.userId, fact.plan];
    case 'user_events':
      return [fact.id, fact.userId, fact.sessionId, fact.type];
    case 'billing_events':
      return [fact.id, fact.userId, fact.type, fact.cents];
  }
}
