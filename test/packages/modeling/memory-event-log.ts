import { ChurnError } from '../../../packages/contracts/errors';
import type { ModelEvent } from '../../../packages/modeling/model-documents';
import type {
  FormerEvent,
  ModelEventLog,
  ModelEventTransaction,
} from '../../../packages/modeling/registry/model-event-log';

/** A registry's events in memory, in the place of Postgres. */
export class MemoryEventLog implements ModelEventLog {
  events: readonly ModelEvent[];
  unnumbered: readonly FormerEvent[];
  /** `away`: refuses everything; `answers lost`: keeps what it is given, and fails all the same. */
  state: 'up' | 'away' | 'answers lost' = 'up';
  private last: Promise<unknown> = Promise.resolve();

  constructor(of: Partial<Pick<MemoryEventLog, 'events' | 'unnumbered'>> = {}) {
    this.events = of.events ?? [];
    this.unnumbered = of.unnumbered ?? [];
  }

  /** `action version` of each event. */
  get actions(): string[] {
    return this.events.map(({ action, version }) => `${action} ${version}`);
  }

  async latest() {
    this.requireUp();
    const number = this.events.at(-1)?.number ?? 0;
    return { number, hasUnnumbered: this.unnumbered.length > 0 };
  }

  inTransaction<T>(work: (events: ModelEventTransaction) => Promise<T>): Promise<T> {
    const result = this.last.then(() => this.transact(work));
    this.last = result.catch(() => {});
    return result;
  }

  private async transact<T>(work: (events: ModelEventTransaction) => Promise<T>): Promise<T> {
    this.requireUp();
    let events = [...this.events];
    const result = await work({
      list: async () => events,
      listUnnumbered: async () => this.unnumbered,
      append: async (added) => void (events = [...events, ...added]),
    });
    this.events = events;
    const ids = new Set(events.map((event) => event.event_id));
    this.unnumbered = this.unnumbered.filter((event) => !ids.has(event.event_id));
    if (this.state === 'answers lost') throw new ChurnError('POSTGRES_UNAVAILABLE');
    return result;
  }

  private requireUp(): void {
    if (this.state === 'away') throw new ChurnError('POSTGRES_UNAVAILABLE');
  }
}
