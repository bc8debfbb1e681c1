import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

export interface Answer {
  /** The id of the prediction. */
  readonly id: string;
  /** When it was received, in milliseconds. */
  readonly at: number;
}

const USERS = Array.from({ length: 50 }, (_, index) => `u${index}`);

/** An API process that is asked for predictions. */
export class AskedApi {
  readonly answers: Answer[] = [];
  private hasEnded = false;

  private constructor(
    private readonly child: ChildProcess,
    private readonly url: string,
  ) {}

  static async start(databaseUrl: string, logsDir: string): Promise<AskedApi> {
    const root = path.resolve(__dirname, '../../..');
    const child = spawn(
      process.execPath,
      [
        ...['-r', path.join(root, 'test/environment/typescript-require.cjs')],
        path.join(__dirname, 'serving-child.ts'),
        databaseUrl,
        logsDir,
      ],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    const ended = once(child, 'exit').then(() => {
      throw new Error('the API ended before it served');
    });
    ended.catch(() => {});
    const said = once(child.stdout.setEncoding('utf8'), 'data') as Promise<[string]>;
    const [line] = await Promise.race([said, ended]);
    return new AskedApi(child, line.trim());
  }

  /** Asks at a steady rate until so many more predictions are answered, or the process ends. */
  async ask(count: number, perSecond: number): Promise<void> {
    const started = performance.now();
    for (let asked = 0; asked < count && !this.hasEnded; asked += USERS.length) {
      const dueAt = started + (1000 * asked) / perSecond;
      if (performance.now() < dueAt) await delay(dueAt - performance.now());
      const ids = await this.predict();
      const at = performance.now();
      this.answers.push(...ids.map((id) => ({ id, at })));
    }
  }

  /** A number that GET /metrics shows. */
  async metric(name: string): Promise<number> {
    const text = await (await fetch(`${this.url}/metrics`)).text();
    return Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(text)?.[1] ?? NaN);
  }

  async until(name: string, holds: (value: number) => boolean | Promise<boolean>): Promise<void> {
    while (!(await holds(await this.metric(name)))) await delay(20);
  }

  /** Opens a connection whose request never ends. */
  async beginRequest(): Promise<void> {
    const { port, hostname } = new URL(this.url);
    const socket = connect(Number(port), hostname).on('error', () => {});
    await once(socket, 'connect');
    socket.write('POST /predict HTTP/1.1\r\nhost: localhost\r\n');
  }

  /** Ends the process; returns how long that took, in milliseconds. */
  async end(signal: 'SIGTERM' | 'SIGKILL'): Promise<number> {
    const started = performance.now();
    const exited = once(this.child, 'exit');
    this.child.kill(signal);
    const [, endedBy] = (await exited) as [number | null, string | null];
    this.hasEnded = true;
    if (endedBy !== signal) throw new Error(`the API ended by ${endedBy}, not ${signal}`);
    return performance.now() - started;
  }

  /** For the end of a test that has failed. */
  kill(): void {
    this.hasEnded = true;
    this.child.kill('SIGKILL');
  }

  /** The ids of the predictions; none when the process has ended. */
  private async predict(): Promise<string[]> {
    const response = await fetch(`${this.url}/predict/batch`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ user_ids: USERS }),
    }).then(
      async (answer) => (await answer.json()) as AnsweredBatch,
      () => null,
    );
    if (response === null) this.hasEnded = true;
    return response?.results.map(({ prediction }) => prediction.prediction_id) ?? [];
  }
}

interface AnsweredBatch {
  readonly results: readonly { readonly prediction: { readonly prediction_id: string } }[];
}
