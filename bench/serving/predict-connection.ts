import net from 'node:net';
import { USERS } from './bench-vectors';

let nextUser = 0;

/** A keep-alive connection for one prediction at a time: costs less than a client of HTTP does. */
export class PredictConnection {
  private readonly socket: net.Socket;
  private received = '';
  private onAnswer = (): void => {};

  constructor(private readonly port: number) {
    this.socket = net.connect(port, '127.0.0.1').setNoDelay(true).setEncoding('latin1');
    this.socket.on('data', (chunk: string) => this.receive(chunk));
  }

  /** Asks for the next user of the benchmark. An answer that is none ends the process. */
  ask(onAnswer: () => void): void {
    this.onAnswer = onAnswer;
    const body = JSON.stringify({ user_id: `bench-${nextUser++ % USERS}` });
    this.socket.write(
      `POST /predict HTTP/1.1\r\nhost: localhost:${this.port}\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
    );
  }

  close(): void {
    this.socket.destroy();
  }

  private receive(chunk: string): void {
    this.received += chunk;
    const headerEnd = this.received.indexOf('\r\n\r\n');
    const length = /content-length: (\d+)/i.exec(this.received);
    if (headerEnd < 0 || this.received.length < headerEnd + 4 + Number(length?.[1])) return;
    if (!this.received.startsWith('HTTP/1.1 200')) throw new Error(this.received);
    this.received = '';
    this.onAnswer();
  }
}
