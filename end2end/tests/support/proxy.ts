// A line to a server that can be cut, as a network does it: without a word.
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

export interface Proxy {
  readonly baseURL: string;
  /** Ends all connections; new ones are refused until `mend`. */
  cut(): void;
  mend(): void;
  close(): Promise<void>;
}

export async function proxy(port: number): Promise<Proxy> {
  const sockets = new Set<Socket>();
  let broken = false;
  const server = createServer((client) => {
    if (broken) {
      client.destroy();
      return;
    }
    const upstream = connect(port, '127.0.0.1');
    for (const [socket, other] of [[client, upstream], [upstream, client]] as const) {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        sockets.delete(socket);
        other.destroy();
      });
      socket.pipe(other);
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const cut = () => {
    broken = true;
    for (const socket of sockets) socket.destroy();
  };
  return {
    baseURL: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    cut,
    mend: () => (broken = false),
    close: async () => {
      cut();
      server.close();
      await once(server, 'close');
    },
  };
}
