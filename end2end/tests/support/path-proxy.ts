// A reverse proxy that serves a gateway under a path prefix.
import { once } from 'node:events';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface PathProxy {
  readonly origin: string;
  /** The URL of the gateway, without a trailing slash. */
  readonly baseURL: string;
  /** The paths of requests outside of the prefix. */
  readonly otherRequests: string[];
  close(): Promise<void>;
}

export interface PathProxyOptions {
  /** The port of the gateway. */
  port: number;
  /** The prefix, such as `/codex`. */
  path: string;
  /** Remove the prefix from forwarded requests. */
  stripPath: boolean;
}

/** Starts the proxy. */
export async function startPathProxy({ port, path, stripPath }: PathProxyOptions): Promise<PathProxy> {
  const otherRequests: string[] = [];
  const server = createServer((client, reply) => {
    const url = client.url ?? '/';
    if (!url.startsWith(`${path}/`)) {
      otherRequests.push(url);
      reply.writeHead(404).end('another application');
      return;
    }
    const upstream = request({
      host: '127.0.0.1',
      port,
      method: client.method,
      path: stripPath ? url.slice(path.length) : url,
      headers: client.headers,
    });
    upstream.on('response', (answer) => {
      reply.writeHead(answer.statusCode ?? 502, answer.headers);
      // Sends the headers of a stream before its first data.
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
    otherRequests,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
