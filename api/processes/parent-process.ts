import cluster, { type Worker } from 'node:cluster';
import { once } from 'node:events';
import type { ApiProcesses, ProcessesHealth, ServingProcess } from './api-processes';
import { ProcessChannel, type ProcessMessage, type ProcessSubject } from './process-channel';

/** Longer than the parent waits for the processes that it asks. */
const PARENT_TIMEOUT_MS = 2_000;

/** This process's end of the channel to the parent of all API processes. */
export class ParentProcess {
  private own: ServingProcess | undefined;
  private readonly channel = new ProcessChannel({
    send: (message) => this.tell(message),
    respond: (subject) => this.answerOf(subject),
    timeoutMs: PARENT_TIMEOUT_MS,
  });

  private constructor(private readonly worker: Worker) {
    worker.on('message', (message: ProcessMessage) => this.channel.receive(message));
    worker.once('disconnect', () => {
      // Otherwise Node would end this process at once, without its requests and prediction log.
      worker.exitedAfterDisconnect = true;
      process.kill(process.pid, 'SIGTERM');
    });
  }

  /** Undefined where this process is not one of several. */
  static find(): ParentProcess | undefined {
    return cluster.worker && new ParentProcess(cluster.worker);
  }

  /** What `ApiOptions.joinProcesses` takes. */
  readonly join = (own: ServingProcess): ApiProcesses => {
    this.own = own;
    return {
      health: () => this.healthOfAll(own),
      metrics: async () => (await this.channel.ask('metrics')) as string,
      // The change is in force whether or not the parent answers, and must be answered as such.
      refreshModel: async () =>
        void (await this.channel.ask('refresh-model').catch(() => own.refreshModel())),
    };
  };

  /** Says that this process could serve, and waits until it may. */
  async turnToListen(): Promise<void> {
    this.tell({ kind: 'ready' });
    for (;;) {
      const [message] = (await once(this.worker, 'message')) as [ProcessMessage];
      if (message.kind === 'listen') return;
    }
  }

  /** Tells the parent, if there still is one, and then calls back. */
  tell(message: ProcessMessage, then: () => void = () => {}): void {
    if (this.worker.isConnected()) this.worker.send(message, undefined, then);
    else then();
  }

  /** Where the parent does not answer, nobody knows whether another process serves. */
  private async healthOfAll(own: ServingProcess): Promise<ProcessesHealth> {
    try {
      return (await this.channel.ask('health')) as ProcessesHealth;
    } catch {
      return { ...(await own.health()), serving: 0 };
    }
  }

  private async answerOf(subject: ProcessSubject): Promise<unknown> {
    if (!this.own) throw new Error('the API is not open yet');
    if (subject === 'metrics') return this.own.metricsSnapshot();
    if (subject === 'health') return this.own.predictionLogState();
    return this.own.refreshModel();
  }
}
