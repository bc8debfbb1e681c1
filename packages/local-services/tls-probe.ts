import { connect, type ConnectionOptions } from 'node:tls';
import { clientRefused, tlsProblem, type TlsProblem } from '../tls';

const TIMEOUT_MS = 3_000;

export interface TlsProbe {
  /** Whether the client took the server's certificate. */
  readonly isSecured: boolean;
  readonly problem?: TlsProblem;
}

/** Connects with nothing but TLS, to find out why a client of a server can't. */
export async function probeTls(options: ConnectionOptions): Promise<TlsProbe> {
  const socket = connect(options);
  let isSecured = false;
  try {
    return await new Promise<TlsProbe>((resolve) => {
      const fail = (error?: unknown) => {
        // In TLS 1.3 a server looks at the client's certificate after the client's handshake is over,
        // and some say nothing of it.
        const problem = tlsProblem(error) ?? (isSecured ? clientRefused : undefined);
        resolve(problem ? { isSecured, problem } : { isSecured });
      };
      socket.once('secureConnect', () => (isSecured = true));
      socket.once('data', () => resolve({ isSecured }));
      socket.once('error', fail);
      socket.once('close', () => fail());
      socket.setTimeout(TIMEOUT_MS, () => resolve({ isSecured }));
    });
  } finally {
    socket.destroy();
  }
}

/** Whether a server speaks TLS, whatever its certificate is and whichever it asks for. */
export async function speaksTls(options: ConnectionOptions): Promise<boolean> {
  const { isSecured, problem } = await probeTls(options);
  return isSecured || (problem !== undefined && problem.about !== 'protocol');
}
