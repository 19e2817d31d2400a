// Starts a gateway: its process, its port, its directories.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { descendants, kill9, type Process } from './processes';

export const TARGET = path.resolve(__dirname, '../../../target');

const START_TIMEOUT_MS = 20_000;
const STOP_TIMEOUT_MS = 10_000;

export interface ServerOptions {
  /** The name of its directory below target/e2e, which is emptied first. */
  name: string;
  /** Uses the directory and the data of a server that has ended. */
  restartOf?: Server;
  /** Default: that of `restartOf`, else a free one. */
  port?: number;
  /** Command line arguments. Default: `--demo`. */
  args?: string[];
  /** Added to the environment, which inherits only PATH. */
  env?: Record<string, string>;
}

export class Server {
  private constructor(
    private readonly child: ChildProcess,
    readonly port: number,
    /** Contains everything that it writes: `workspace`, `home`, `gateway.log`. */
    readonly dir: string,
  ) {}

  /** Starts a gateway and waits until it is healthy. */
  static async start({ name, restartOf, port, args = ['--demo'], env }: ServerOptions): Promise<Server> {
    const dir = restartOf?.dir ?? path.join(TARGET, 'e2e', name);
    if (!restartOf) rmSync(dir, { recursive: true, force: true });
    const home = path.join(dir, 'home');
    const workspace = path.join(dir, 'workspace');
    // Codex has no sandbox if its home is below the temporary directory, and the checkout may be there. So it gets another one.
    const temporary = path.join(dir, 'tmp');
    for (const each of [home, workspace, temporary]) mkdirSync(each, { recursive: true });

    const bind = port ?? restartOf?.port ?? (await freePort());
    const binary = path.resolve(process.env.SERVER_BIN ?? path.join(TARGET, 'debug/codex-gateway'));
    if (!existsSync(binary)) throw new Error(`${binary} is missing: cargo xtask build`);
    const log = openSync(path.join(dir, 'gateway.log'), 'a');
    const child = spawn(binary, args, {
      cwd: workspace,
      env: {
        PATH: process.env.PATH,
        HOME: home,
        TMPDIR: temporary,
        LANG: 'C.UTF-8',
        XDG_CACHE_HOME: path.join(home, 'cache'),
        XDG_CONFIG_HOME: path.join(home, 'config'),
        XDG_DATA_HOME: path.join(home, 'data'),
        XDG_STATE_HOME: path.join(home, 'state'),
        CODEX_GATEWAY_PORT: String(bind),
        CODEX_GATEWAY_CWD: workspace,
        ...env,
      },
      stdio: ['ignore', log, log],
    });
    closeSync(log);
    const server = new Server(child, bind, dir);
    await server.waitUntilHealthy();
    return server;
  }

  get baseURL(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  /** The working directory of threads. */
  get workspace(): string {
    return path.join(this.dir, 'workspace');
  }

  get logFile(): string {
    return path.join(this.dir, 'gateway.log');
  }

  /** Reads its standard output and standard error so far. */
  log(): string {
    return readFileSync(this.logFile, 'utf8');
  }

  /** Returns its descendant processes. */
  processes(): Process[] {
    return descendants(this.pid);
  }

  get hasEnded(): boolean {
    return this.child.exitCode !== null || this.child.signalCode !== null;
  }

  /** Stops it with SIGTERM. Throws if it does not end in time, or if it has panicked. */
  async stop(): Promise<void> {
    if (!this.hasEnded) {
      const ended = once(this.child, 'exit');
      this.child.kill('SIGTERM');
      const inTime = await Promise.race([ended.then(() => true), delay(STOP_TIMEOUT_MS, false, { ref: false })]);
      if (!inTime) {
        await this.kill();
        throw new Error(`the gateway did not end within ${STOP_TIMEOUT_MS} ms of SIGTERM; see ${this.logFile}`);
      }
    }
    if (this.log().includes('panicked at')) throw new Error(`the gateway panicked; see ${this.logFile}`);
  }

  /** Kills it with SIGKILL, as a crash would. */
  async kill(): Promise<void> {
    if (this.hasEnded) return;
    const ended = once(this.child, 'exit');
    kill9(this.pid);
    await ended;
  }

  private async waitUntilHealthy(): Promise<void> {
    const deadline = Date.now() + START_TIMEOUT_MS;
    while (Date.now() < deadline) {
      if (this.hasEnded) throw new Error(`the gateway ended during its start:\n${this.log()}`);
      const answer = await fetch(`${this.baseURL}/healthz`).catch(() => undefined);
      if (answer?.ok) return;
      await delay(50);
    }
    await this.kill();
    throw new Error(`the gateway did not answer within ${START_TIMEOUT_MS} ms:\n${this.log()}`);
  }
}

/** Returns a port that is free now. */
export async function freePort(): Promise<number> {
  const socket = createServer().listen(0, '127.0.0.1');
  await once(socket, 'listening');
  const { port } = socket.address() as AddressInfo;
  socket.close();
  await once(socket, 'close');
  return port;
}
