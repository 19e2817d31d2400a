// A reverse proxy that serves a gateway below a path of a host.
import { once } from 'node:events';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface PathProxy {
  readonly origin: string;
  /** Where the gateway is, without a slash at the end. */
  readonly baseURL: string;
  /** The paths that were asked for outside of the gateway's. */
  readonly outside: string[];
  close(): Promise<void>;
}

export interface PathProxyOptions {
  /** The gateway's. */
  port: number;
  /** Such as `/codex`. */
  path: string;
  /** The path is not passed on. */
  strips: boolean;
}

export async function pathProxy({ port, path, strips }: PathProxyOptions): Promise<PathProxy> {
  const outside: string[] = [];
  const server = createServer((client, reply) => {
    const url = client.url ?? '/';
    if (!url.startsWith(`${path}/`)) {
      outside.push(url);
      reply.writeHead(404).end('another application');
      return;
    }
    const upstream = request({
      host: '127.0.0.1',
      port,
      method: client.method,
      path: strips ? url.slice(path.length) : url,
      headers: client.headers,
    });
    upstream.on('response', (answer) => {
      reply.writeHead(answer.statusCode ?? 502, answer.headers);
      // A stream has its head at once.
      reply.flushHeaders();
      answer.on('error', () => reply.destroy());
      answer.pipe(reply);
    });
    upstream.on('error', () => (reply.headersSent ? reply.destroy() : reply.writeHead(502).end()));
    client.on('error', () => upstream.destroy());
    reply.on('close', () => upstream.destroy());
    client.pipe(upstream);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    origin,
    baseURL: origin + path,
    outside,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
