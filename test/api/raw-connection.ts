import { connect, type AddressInfo, type Socket } from 'node:net';
import type { TestApi } from './test-api';

/** A connection to a listening API, by which anything can be sent. */
export interface RawConnection {
  readonly socket: Socket;
  /** What the server has sent when the connection is closed, by either side. */
  readonly received: Promise<string>;
}

export function connectTo({ server }: TestApi): RawConnection {
  const { port } = server.address() as AddressInfo;
  const socket = connect(port, '127.0.0.1');
  let text = '';
  socket.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
  const received = new Promise<string>((resolve) => {
    // A reset after the answer is a way to hang up.
    socket.on('error', () => {}).on('close', () => resolve(text));
  });
  return { socket, received };
}

export interface RawAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** The first answer in what was received. */
export function parseAnswer(text: string): RawAnswer {
  const end = text.indexOf('\r\n\r\n');
  const [statusLine, ...lines] = text.slice(0, end).split('\r\n');
  const headers = Object.fromEntries(
    lines.map((line) => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
    }),
  );
  const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(statusLine!)?.[1]);
  const length = headers['content-length'];
  const body = text.slice(end + 4, length === undefined ? undefined : end + 4 + Number(length));
  return { status, headers, body };
}

/** Sends a text and hangs up when the answer is there. */
export async function ask(api: TestApi, text: string): Promise<RawAnswer> {
  const { socket, received } = connectTo(api);
  socket.end(text);
  return parseAnswer(await received);
}
