import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { request } from 'node:http';
import { connect, type Socket } from 'node:net';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { HealthDto } from '../../../api/health/health.dto';

export interface End {
  readonly code: number | null;
  readonly signal: string | null;
}

interface LogLine {
  readonly msg: string;
  readonly pid?: number;
  readonly port?: number;
}

/** `serving-processes.ts` as a process, and a client of it that uses each connection once. */
export class ApiParent {
  stderr = '';
  readonly ended: Promise<End>;
  private readonly child: ChildProcess;
  private readonly lines: LogLine[] = [];

  constructor(folder: string, port: number) {
    const root = path.resolve(__dirname, '../../..');
    const child = spawn(
      process.execPath,
      [
        ...['-r', path.join(root, 'test/environment/typescript-require.cjs')],
        path.join(__dirname, 'serving-processes.ts'),
        ...[folder, String(port)],
      ],
      { stdio: ['ignore', 'pipe', 'pipe'] },
    );
    let rest = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      const lines = (rest + text).split('\n');
      rest = lines.pop()!;
      this.lines.push(...lines.map((line) => JSON.parse(line) as LogLine));
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => (this.stderr += text));
    this.ended = once(child, 'exit').then(([code, signal]) => ({ code, signal }));
    this.child = child;
  }

  get port(): number {
    return this.logged('all API processes serve')[0]!.port!;
  }

  /** The lines of its log with this message. */
  logged(message: string): LogLine[] {
    return this.lines.filter(({ msg }) => msg === message);
  }

  /** The pids of the processes that have begun to serve. */
  serving(): number[] {
    return this.logged('serving').map(({ pid }) => pid!);
  }

  async untilAllServe(): Promise<void> {
    await this.until(() => this.logged('all API processes serve').length === 1);
    await this.until(() => this.serving().length === 2);
  }

  async until(holds: () => boolean | Promise<boolean>): Promise<void> {
    while (!(await holds())) await delay(10);
  }

  async ask<T = unknown>(method: string, at: string, body?: unknown): Promise<T> {
    const [status, text] = await this.exchange(method, at, body);
    if (status !== 200) throw new Error(`${status}: ${text}`);
    return JSON.parse(text) as T;
  }

  async predict(): Promise<string> {
    const answer = await this.ask<{ prediction_id: string }>('POST', '/predict', { user_id: 'u1' });
    return answer.prediction_id;
  }

  health(): Promise<HealthDto> {
    return this.ask('GET', '/health');
  }

  /** A number that GET /metrics shows. */
  async metric(name: string): Promise<number> {
    const [, text] = await this.exchange('GET', '/metrics');
    const line = text.split('\n').find((candidate) => candidate.startsWith(`${name} `));
    return Number(line?.slice(name.length + 1));
  }

  /** Requests to /predict that GET /metrics has counted, whatever their status. */
  async requests(): Promise<number> {
    const [, text] = await this.exchange('GET', '/metrics');
    const counts = text.matchAll(/_seconds_count\{[^}]*route="\/predict"[^}]*\} (\d+)/g);
    return [...counts].reduce((sum, [, count]) => sum + Number(count), 0);
  }

  /** Opens a connection and begins a request for a prediction; its body is still to come. */
  async beginRequest(): Promise<Socket> {
    const socket = connect(this.port, '127.0.0.1').on('error', () => {});
    await once(socket, 'connect');
    socket.write(
      'POST /predict HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 16\r\n\r\n',
    );
    return socket;
  }

  end(signal: 'SIGTERM' | 'SIGKILL'): Promise<End> {
    this.child.kill(signal);
    return this.ended;
  }

  /** For the end of a test that has failed. */
  kill(): void {
    this.child.kill('SIGKILL');
  }

  private async exchange(method: string, at: string, body?: unknown): Promise<[number, string]> {
    const sent = request({
      ...{ host: '127.0.0.1', port: this.port, path: at, method, agent: false },
      headers: { host: 'localhost', 'content-type': 'application/json' },
    });
    sent.end(body === undefined ? undefined : JSON.stringify(body));
    const [response] = (await once(sent, 'response')) as [
      NodeJS.ReadableStream & { statusCode: number },
    ];
    let text = '';
    for await (const chunk of response.setEncoding('utf8')) text += String(chunk);
    return [response.statusCode, text];
  }
}
