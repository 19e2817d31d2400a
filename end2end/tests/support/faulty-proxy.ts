// A reverse proxy with the faults of real ones: dead connections, buffered streams, a sign-in of its own, changed pages.
import { once } from 'node:events';
import { createServer, request, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

/** How the proxy asks for its own sign-in: by a redirect, or by a page. */
export type SignInResponse = 'redirect' | 'page';

export class FaultyProxy {
  private readonly sockets = new Set<Socket>();
  /** Connections that stay open but pass nothing on. */
  private readonly stalled = new Set<Socket>();
  private readonly server = createServer((from, to) => this.forward(from, to));
  private stallsNew = false;
  private signIn: SignInResponse | undefined;
  /** Buffers event streams until they end. */
  bufferStreams = false;
  /** Modifies HTML pages. */
  editHtml: ((html: string) => string) | undefined;

  private constructor(private readonly port: number) {
    this.server.on('connection', (socket) => {
      this.sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => this.sockets.delete(socket));
      if (this.stallsNew) this.stallSocket(socket);
    });
  }

  /** Starts a proxy for the gateway at `port`. */
  static async start(port: number): Promise<FaultyProxy> {
    const proxy = new FaultyProxy(port);
    proxy.server.listen(0, '127.0.0.1');
    await once(proxy.server, 'listening');
    return proxy;
  }

  get baseURL(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** Stops passing anything on, without closing connections. */
  stall(): void {
    this.stallsNew = true;
    for (const socket of this.sockets) this.stallSocket(socket);
  }

  /** Lets new connections work again, without a sign-in. Stalled ones stay stalled. */
  restore(): void {
    this.stallsNew = false;
    this.signIn = undefined;
  }

  /** Answers every request by asking for a sign-in, and closes all connections. */
  requireSignIn(response: SignInResponse): void {
    this.signIn = response;
    for (const socket of this.sockets) socket.destroy();
  }

  async close(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    this.server.close();
    await once(this.server, 'close');
  }

  private stallSocket(socket: Socket): void {
    this.stalled.add(socket);
    socket.pause();
  }

  private forward(from: IncomingMessage, to: ServerResponse): void {
    if (this.signIn === 'redirect') {
      to.writeHead(302, { location: 'http://sign-in.invalid/' }).end();
      return;
    }
    if (this.signIn === 'page') {
      to.writeHead(401, { 'content-type': 'text/html' }).end('<!DOCTYPE html><title>Sign in</title>');
      return;
    }
    const { socket } = from;
    const headers = { ...from.headers };
    if (this.editHtml) delete headers['accept-encoding'];
    const options = { host: '127.0.0.1', port: this.port, method: from.method, path: from.url, headers };
    const upstream = request(options, (reply) => {
      const kind = reply.headers['content-type'] ?? '';
      const edit = kind.startsWith('text/html') ? this.editHtml : undefined;
      const buffers = edit || (this.bufferStreams && kind.startsWith('text/event-stream'));
      const buffered: Buffer[] = [];
      const isStalled = () => this.stalled.has(socket);
      const writeHead = () => {
        const { 'content-length': _, ...rest } = reply.headers;
        to.writeHead(reply.statusCode ?? 502, edit ? rest : reply.headers);
      };
      if (!buffers && !isStalled()) writeHead();
      reply.on('data', (chunk: Buffer) => {
        if (buffers) buffered.push(chunk);
        else if (!isStalled()) to.write(chunk);
      });
      reply.on('end', () => {
        if (isStalled()) return;
        const body = Buffer.concat(buffered);
        if (buffers) writeHead();
        to.end(edit ? edit(body.toString('utf8')) : body);
      });
      reply.on('error', () => to.destroy());
    });
    upstream.on('error', () => to.destroy());
    to.on('close', () => upstream.destroy());
    from.pipe(upstream);
  }
}
