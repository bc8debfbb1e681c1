import {
  connect,
  constants,
  createSecureServer,
  type IncomingHttpHeaders,
  type SecureServerOptions,
  type ServerHttp2Stream,
} from 'node:http2';
import type { AddressInfo } from 'node:net';

export interface TemporalProxy {
  readonly port: number;
  close(): void;
}

/** TLS, and API keys if it is given one, before a Temporal server that has neither. */
export async function startTemporalProxy(options: {
  readonly address: string;
  readonly tls: SecureServerOptions;
  readonly apiKey?: string;
  /** Paths that nobody may call, such as those of the operator service. */
  readonly denied?: RegExp;
}): Promise<TemporalProxy> {
  const upstream = connect(`http://${options.address}`);
  const server = createSecureServer(options.tls);
  server.on('tlsClientError', () => {});
  server.on('sessionError', () => {});
  const forward = (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => {
    const request = upstream.request({
      ...headers,
      ':scheme': 'http',
      ':authority': options.address,
    });
    let trailers: IncomingHttpHeaders = {};
    request.on('response', (head) => {
      if ('grpc-status' in head) return stream.respond(head, { endStream: true });
      stream.respond(head, { waitForTrailers: true });
      stream.on('wantTrailers', () => stream.sendTrailers(trailers));
      request.pipe(stream);
    });
    request.on('trailers', (sent) => (trailers = sent));
    request.on('error', () => stream.close());
    stream.on('error', () => {});
    stream.on('close', () => request.close(constants.NGHTTP2_CANCEL));
    stream.pipe(request);
  };
  server.on('stream', (stream, headers) => {
    const isAdmitted = !options.apiKey || headers.authorization === `Bearer ${options.apiKey}`;
    const isDenied = options.denied?.test(headers[':path'] ?? '');
    if (isAdmitted && !isDenied) return forward(stream, headers);
    const status = isAdmitted ? '7' : '16';
    const head = { ':status': 200, 'content-type': 'application/grpc', 'grpc-status': status };
    stream.respond(head, { endStream: true });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    close: () => {
      upstream.destroy();
      server.close();
    },
  };
}
