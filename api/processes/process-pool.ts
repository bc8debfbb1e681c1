import cluster, { type Worker } from 'node:cluster';
import type { Logger } from 'pino';
import { Counter, Registry } from 'prom-client';
import { backOff, type BackOff } from '../../packages/local-services';
import type { PredictionLogState, ProcessesHealth } from './api-processes';
import { closeUntakenConnections } from './close-untaken-connections';
import { ProcessChannel, type ProcessMessage, type ProcessSubject } from './process-channel';
import { SummedMetrics, type MetricsSnapshot } from './summed-metrics';

export interface ProcessPoolOptions {
  readonly processes: number;
  /** Not 0: a process that is started again must get the same one. */
  readonly port: number;
  readonly logger: Logger;
  /** How often the parent asks the processes whether they still answer; by default 5 seconds. */
  readonly lookEveryMs?: number;
  /** Called once, when all serve. */
  readonly onServing?: () => void;
}

interface Child {
  readonly slot: number;
  readonly worker: Worker;
  readonly channel: ProcessChannel;
  state: 'starting' | 'ready' | 'serving';
  /** Why it does not start. */
  problem?: string;
  /** Of the parent's latest looks in a row; not a time, which a machine that sleeps would use up. */
  unansweredLooks: number;
}

/** Processes that don't answer in time are left out. */
const ANSWER_TIMEOUT_MS = 1_000;
const LOOK_EVERY_MS = 5_000;
/** After as many looks in a row without an answer a process counts as not serving … */
const SILENT_LOOKS = 2;
/** … and after as many, half a minute, it is ended, so that another takes its place. */
const HUNG_LOOKS = 6;
/** A process ends within eight seconds of SIGTERM by itself. */
const KILL_AFTER_MS = 9_000;
/** So many starts in a row may fail while no process serves. */
const FAILED_STARTS_MAX = 3;

/**
 * The parent of the API's processes, which answers no request itself: it has the port, hands each
 * connection to one of them, adds up what they say, and starts one again that has ended.
 */
export class ProcessPool {
  private readonly children = new Map<number, Child>();
  private readonly backOffs: (BackOff | undefined)[] = [];
  private readonly timers = new Set<NodeJS.Timeout>();
  private readonly sums = new SummedMetrics();
  private readonly own = new Registry();
  private readonly restarts: Counter;
  private restartCount = 0;
  private failedStarts = 0;
  private isUp = false;
  private isStopping = false;
  private isLooking = false;
  private noteAllEnded = (): void => {};
  private readonly allEnded = new Promise<void>((resolve) => (this.noteAllEnded = resolve));
  private failure: Error | undefined;

  constructor(private readonly options: ProcessPoolOptions) {
    this.restarts = new Counter({
      name: 'churn_api_process_restarts_total',
      help: 'API processes that had ended and were started again.',
      registers: [this.own],
    });
  }

  /**
   * Starts the processes and looks after them.
   *
   * @returns when all have ended after `stop`.
   * @throws Error why one does not start, at first or when none serves any more
   */
  async run(): Promise<void> {
    const { processes, port } = this.options;
    // `advanced` keeps NaN and the like, which JSON does not have.
    cluster.setupPrimary({ serialization: 'advanced' });
    for (let slot = 0; slot < processes; slot += 1) this.start(slot, port);
    const looks = setInterval(() => void this.look(), this.options.lookEveryMs ?? LOOK_EVERY_MS);
    await this.allEnded.finally(() => clearInterval(looks));
    if (this.failure) throw this.failure;
  }

  /** Lets all processes finish what they have begun, and ends those that take too long. */
  stop(): void {
    if (this.isStopping) return;
    this.isStopping = true;
    for (const timer of this.timers) clearTimeout(timer);
    for (const { worker } of this.children.values()) worker.process.kill('SIGTERM');
    setTimeout(() => {
      for (const { worker } of this.children.values()) worker.process.kill('SIGKILL');
    }, KILL_AFTER_MS).unref();
    this.endWhenAllHave();
  }

  private start(slot: number, port: number): void {
    const worker = cluster.fork({ CHURN_API_PORT: String(port) });
    closeUntakenConnections(worker.process);
    const channel = new ProcessChannel({
      send: (message) => tell(worker, message),
      respond: (subject) => this.answerOf(subject),
      timeoutMs: ANSWER_TIMEOUT_MS,
    });
    const child: Child = { slot, worker, channel, state: 'starting', unansweredLooks: 0 };
    this.children.set(worker.id, child);
    worker.on('message', (message: ProcessMessage) => this.receive(child, message));
    worker.on('error', (error) => this.options.logger.warn({ err: error }, 'an API process'));
    worker.once('exit', (code: number | null, signal: string | null) => {
      void this.sums.retire(worker.id);
      this.children.delete(worker.id);
      if (this.isStopping) this.endWhenAllHave();
      else this.noteEnd(child, signal ?? `code ${code}`);
    });
  }

  private receive(child: Child, message: ProcessMessage): void {
    child.channel.receive(message);
    if (message.kind === 'start-failed') child.problem = message.problem;
    if (message.kind === 'ready') child.state = 'ready';
    if (message.kind === 'serving') this.noteServing(child);
    if (message.kind === 'ready') this.letListen();
  }

  /** At first none listens before all could. */
  private letListen(): void {
    const all = [...this.children.values()];
    if (!this.isUp && all.some(({ state }) => state === 'starting')) return;
    for (const { state, worker } of all) if (state === 'ready') tell(worker, { kind: 'listen' });
  }

  private noteServing(child: Child): void {
    const { logger, processes, port } = this.options;
    child.state = 'serving';
    this.failedStarts = 0;
    if (this.isUp || this.serving() < processes) return;
    this.isUp = true;
    logger.info({ processes, port, pid: process.pid }, 'all API processes serve');
    this.options.onServing?.();
  }

  private noteEnd(child: Child, endedBy: string): void {
    const { slot, state, problem } = child;
    const { logger, port } = this.options;
    const hasServed = state === 'serving';
    if (!hasServed) this.failedStarts += 1;
    const isHopeless = this.serving() === 0 && this.failedStarts >= FAILED_STARTS_MAX;
    if (!this.isUp || isHopeless) {
      this.failure = new Error(problem ?? `a process of the API ended at its start: ${endedBy}`);
      this.stop();
      return;
    }
    const now = Date.now();
    const waitMs = Math.max(0, (this.backOffs[slot]?.notBefore ?? 0) - now);
    this.backOffs[slot] = backOff(this.backOffs[slot], now + waitMs);
    const about = { pid: child.worker.process.pid, endedBy, problem, waitMs };
    logger.error(about, 'an API process has ended and is started again');
    const timer = setTimeout(() => {
      this.timers.delete(timer);
      this.restartCount += 1;
      this.restarts.inc();
      this.start(slot, port);
    }, waitMs);
    this.timers.add(timer);
  }

  /** Ends what hangs: the others answer for it, so nobody outside notices. */
  private async look(): Promise<void> {
    if (this.isLooking) return;
    this.isLooking = true;
    const answered = new Set((await this.askAll('health')).map(([id]) => id));
    this.isLooking = false;
    for (const child of this.children.values()) {
      if (child.state !== 'serving') continue;
      child.unansweredLooks = answered.has(child.worker.id) ? 0 : child.unansweredLooks + 1;
      if (child.unansweredLooks < HUNG_LOOKS || this.isStopping) continue;
      const about = { pid: child.worker.process.pid };
      this.options.logger.error(about, 'an API process hangs and is ended');
      child.worker.process.kill('SIGKILL');
    }
  }

  private endWhenAllHave(): void {
    if (this.children.size === 0) this.noteAllEnded();
  }

  private serving(): number {
    return [...this.children.values()].filter(
      ({ state, unansweredLooks }) => state === 'serving' && unansweredLooks < SILENT_LOOKS,
    ).length;
  }

  private async answerOf(subject: ProcessSubject): Promise<unknown> {
    if (subject === 'metrics') return this.metrics();
    const answers = await this.askAll(subject);
    if (subject === 'refresh-model') return undefined;
    const predictionLogs = answers.map(([, answer]) => answer as PredictionLogState);
    const { processes } = this.options;
    const restarts = this.restartCount;
    return {
      ...{ processes, serving: this.serving(), restarts },
      predictionLogs,
    } satisfies ProcessesHealth;
  }

  private async metrics(): Promise<string> {
    for (const [id, snapshot] of await this.askAll('metrics')) {
      // One that has ended meanwhile has been counted as it was before.
      if (this.children.has(id)) this.sums.note(id, snapshot as MetricsSnapshot);
    }
    return this.sums.text(await this.own.getMetricsAsJSON());
  }

  /** The answers of those that serve and do answer, with the ids of their processes. */
  private async askAll(subject: ProcessSubject): Promise<(readonly [number, unknown])[]> {
    const serving = [...this.children.values()].filter(({ state }) => state === 'serving');
    const answers = serving.map(async ({ worker, channel }) => {
      try {
        return [[worker.id, await channel.ask(subject)] as const];
      } catch (error) {
        const about = { err: error, pid: worker.process.pid, subject };
        this.options.logger.warn(about, 'an API process does not answer');
        return [];
      }
    });
    return (await Promise.all(answers)).flat();
  }
}

function tell(worker: Worker, message: ProcessMessage): void {
  if (worker.isConnected()) worker.send(message, undefined, ignoreFailure);
}

/** The process has just ended, which its exit says. */
function ignoreFailure(): void {}
