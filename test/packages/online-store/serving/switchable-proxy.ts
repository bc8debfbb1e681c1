import net from 'node:net';

/** A TCP proxy whose other end can be cut, silenced and exchanged, as a Redis can. */
export class SwitchableProxy {
  private readonly sockets = new Set<net.Socket>();
  private readonly held: (() => void)[] = [];
  private isSilent = false;
  private readonly server = net.createServer((client) => this.connect(client));

  private constructor(private target: URL) {}

  static async open(target: string): Promise<SwitchableProxy> {
    const proxy = new SwitchableProxy(new URL(target));
    await new Promise<void>((resolve) => proxy.server.listen(0, '127.0.0.1', resolve));
    return proxy;
  }

  /** The URL of what is behind it, by way of the proxy. */
  get url(): string {
    const url = new URL(this.target);
    const { port } = this.server.address() as net.AddressInfo;
    [url.hostname, url.port] = ['127.0.0.1', String(port)];
    return url.href;
  }

  /** Takes what is sent and answers nothing, until `speak`. */
  silence(): void {
    this.isSilent = true;
  }

  /** Passes on what was held back, and what comes from now on. */
  speak(): void {
    this.isSilent = false;
    for (const pass of this.held.splice(0)) pass();
  }

  cut(): void {
    this.held.length = 0;
    for (const socket of this.sockets) socket.destroy();
  }

  async close(): Promise<void> {
    this.cut();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private connect(client: net.Socket): void {
    const upstream = net.connect(Number(this.target.port), this.target.hostname);
    for (const socket of [client, upstream]) {
      this.sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => {
        this.sockets.delete(socket);
        client.destroy();
        upstream.destroy();
      });
    }
    client.on('data', (chunk) => upstream.write(chunk));
    upstream.on('data', (chunk) => {
      if (this.isSilent) this.held.push(() => client.write(chunk));
      else client.write(chunk);
    });
  }
}
