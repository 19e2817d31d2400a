// A reverse proxy with the faults that real ones have.
import { once } from 'node:events';
import { createServer, request, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

/** How the proxy asks for its own sign-in. */
export type SignIn = 'redirect' | 'page';

export class FaultyProxy {
  private readonly sockets = new Set<Socket>();
  /** The connections of which nothing comes through any more. */
  private readonly dead = new Set<Socket>();
  private readonly server = createServer((from, to) => this.pass(from, to));
  private swallows = false;
  private signIn: SignIn | undefined;
  /** Holds event streams back until they end. */
  buffers = false;
  /** Changes the pages that pass. */
  edit: ((html: string) => string) | undefined;

  private constructor(private readonly port: number) {
    this.server.on('connection', (socket) => {
      this.sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => this.sockets.delete(socket));
      if (this.swallows) this.kill(socket);
    });
  }

  static async to(port: number): Promise<FaultyProxy> {
    const proxy = new FaultyProxy(port);
    proxy.server.listen(0, '127.0.0.1');
    await once(proxy.server, 'listening');
    return proxy;
  }

  get baseURL(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** From now on nothing comes through, and no connection ends. */
  swallow(): void {
    this.swallows = true;
    for (const socket of this.sockets) this.kill(socket);
  }

  /** New connections work again. Those that were swallowed stay dead. */
  mend(): void {
    this.swallows = false;
    this.signIn = undefined;
  }

  /** Answers every request by asking for a sign-in; open replies end. */
  endSignIn(how: SignIn): void {
    this.signIn = how;
    for (const socket of this.sockets) socket.destroy();
  }

  async close(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    this.server.close();
    await once(this.server, 'close');
  }

  private kill(socket: Socket): void {
    this.dead.add(socket);
    socket.pause();
  }

  private pass(from: IncomingMessage, to: ServerResponse): void {
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
    if (this.edit) delete headers['accept-encoding'];
    const options = { host: '127.0.0.1', port: this.port, method: from.method, path: from.url, headers };
    const upstream = request(options, (reply) => {
      const kind = reply.headers['content-type'] ?? '';
      const edit = kind.startsWith('text/html') ? this.edit : undefined;
      const holds = edit || (this.buffers && kind.startsWith('text/event-stream'));
      const held: Buffer[] = [];
      const isDead = () => this.dead.has(socket);
      const head = () => {
        const { 'content-length': _, ...rest } = reply.headers;
        to.writeHead(reply.statusCode ?? 502, edit ? rest : reply.headers);
      };
      if (!holds && !isDead()) head();
      reply.on('data', (piece: Buffer) => {
        if (holds) held.push(piece);
        else if (!isDead()) to.write(piece);
      });
      reply.on('end', () => {
        if (isDead()) return;
        const body = Buffer.concat(held);
        if (holds) head();
        to.end(edit ? edit(body.toString('utf8')) : body);
      });
      reply.on('error', () => to.destroy());
    });
    upstream.on('error', () => to.destroy());
    to.on('close', () => upstream.destroy());
    from.pipe(upstream);
  }
}
