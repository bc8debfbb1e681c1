import type { Logger } from 'pino';
import { ChurnError, isChurnError } from '../packages/contracts';
import type { ChampionRegistry, ServingModelSource, ServingVersion } from './ports';

export interface ChampionWatcherOptions {
  readonly registry: ChampionRegistry;
  readonly logger: Logger;
  /** How often the champion alias is looked at. */
  readonly intervalMs?: number;
}

const LOOK_EVERY_MS = 1_000;
/** A champion that did not load is tried again after so many looks. */
const LOOKS_BEFORE_RETRY = 30;
/** Changes that a crash left unpublished are looked for once in so many looks. */
const LOOKS_PER_PUBLISH = 10;

/**
 * Keeps the champion loaded. A new champion is loaded and checked beside the serving one, then one
 * pointer is swapped; one that does not load leaves the old one serving. So does a published alias
 * that is older than one seen before.
 */
export class ChampionWatcher implements ServingModelSource {
  private model: ServingVersion | null = null;
  private failed: { version: string; looksLeft: number; problem: ChurnError } | null = null;
  private timer: NodeJS.Timeout | undefined;
  private looking: Promise<void> | undefined;
  private publishing: Promise<void> | undefined;
  private looks = 0;
  /** What kept changes from being published the last time. */
  private unpublished: string | undefined;
  /** The number of the latest event whose aliases were seen. */
  private event = 0;

  constructor(private readonly options: ChampionWatcherOptions) {}

  current(): ServingVersion | null {
    return this.model;
  }

  get problem(): ChurnError | undefined {
    return this.failed?.problem;
  }

  /** Loads the champion there is and starts watching; without one, or with a bad one, it waits. */
  async start(): Promise<void> {
    this.publish();
    await this.look();
    this.timer = setInterval(() => this.tick(), this.options.intervalMs ?? LOOK_EVERY_MS);
    this.timer.unref();
  }

  stop(): void {
    clearInterval(this.timer);
  }

  async refresh(): Promise<void> {
    this.publish();
    // A look under way may have read the alias before the change.
    await this.looking;
    if (this.failed) this.failed.looksLeft = 0;
    await this.look();
  }

  private tick(): void {
    this.looks += 1;
    if (this.looks % LOOKS_PER_PUBLISH === 0) this.publish();
    void this.look();
  }

  /** Nothing waits for it: Postgres may be away, and the published champion serves meanwhile. */
  private publish(): void {
    this.publishing ??= this.options.registry
      .publish()
      .then(
        () => (this.unpublished = undefined),
        (error: unknown) => this.tellUnpublished(error),
      )
      .finally(() => (this.publishing = undefined));
  }

  /** Once for as long as the problem stays the same; that Postgres is away is said by /health. */
  private tellUnpublished(error: unknown): void {
    const problem = isChurnError(error) ? error.code : String(error);
    if (problem === this.unpublished) return;
    this.unpublished = problem;
    const level = problem === 'POSTGRES_UNAVAILABLE' ? 'debug' : 'warn';
    this.options.logger[level]({ err: error }, 'changes of models could not be published');
  }

  /** One look at a time, however slow the disk is. */
  private look(): Promise<void> {
    this.looking ??= this.swapWhenChanged().finally(() => (this.looking = undefined));
    return this.looking;
  }

  private async swapWhenChanged(): Promise<void> {
    const serving = this.model?.version ?? null;
    let version: string | null = null;
    try {
      const published = await this.options.registry.champion();
      if (published.event < this.event) return;
      ({ version, event: this.event } = published);
      if (version === serving) this.failed = null;
      if (version === serving || this.isWaitingAfterFailure(version)) return;
      const next = version === null ? null : await this.options.registry.load(version);
      this.options.logger.info({ from: serving, to: version }, 'serving model changed');
      this.model = next;
      this.failed = null;
    } catch (error) {
      if (version !== null) {
        const problem = problemOfLoading(version, error);
        this.failed = { version, looksLeft: LOOKS_BEFORE_RETRY, problem };
      }
      this.options.logger.error(
        { err: error, version, serving },
        'the champion could not be loaded',
      );
    }
  }

  private isWaitingAfterFailure(version: string | null): boolean {
    if (this.failed?.version !== version) return false;
    this.failed.looksLeft -= 1;
    return this.failed.looksLeft > 0;
  }
}

/** In the words of the model that was to serve, whatever is wrong with its files. */
function problemOfLoading(version: string, error: unknown): ChurnError {
  const code = error instanceof Error && 'code' in error ? String(error.code) : undefined;
  if (isChurnError(error) && (code === 'CORRUPT_MODEL' || code === 'SCHEMA_MISMATCH')) return error;
  const problem =
    code === 'MODEL_NOT_FOUND'
      ? 'its folder is missing'
      : `it can't be read (${code ?? 'the log of the API says why'})`;
  return new ChurnError('CORRUPT_MODEL', { version, problem }, { cause: error });
}
