// A gateway of a test's own: its process, its port, its directories.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { descendants, kill9, type Process } from './processes';

export const TARGET = path.resolve(__dirname, '../../../target');

const START_MS = 20_000;
const STOP_MS = 10_000;

export interface ServerOptions {
  /** Names its directory below target/e2e, which starts out empty. */
  name: string;
  /** Takes over the directory, and with it the data, of a server that has ended. */
  after?: Server;
  /** Default: a free one, or that of `after`. */
  port?: number;
  /** Added to the command line. Default: `--demo`. */
  args?: string[];
  /** Added to the environment, which holds nothing of the caller's but PATH. */
  env?: Record<string, string>;
}

export class Server {
  private constructor(
    private readonly child: ChildProcess,
    readonly port: number,
    /** Everything it writes is below: `workspace`, `home`, `gateway.log`. */
    readonly dir: string,
  ) {}

  /** Starts a gateway and waits until it answers. */
  static async start({ name, after, port, args = ['--demo'], env }: ServerOptions): Promise<Server> {
    const dir = after?.dir ?? path.join(TARGET, 'e2e', name);
    if (!after) rmSync(dir, { recursive: true, force: true });
    const home = path.join(dir, 'home');
    const workspace = path.join(dir, 'workspace');
    // A codex home below the directory of temporary files has no sandbox, and a checkout may stand there.
    const temporary = path.join(dir, 'tmp');
    for (const each of [home, workspace, temporary]) mkdirSync(each, { recursive: true });

    const bind = port ?? after?.port ?? (await freePort());
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
    await server.answers();
    return server;
  }

  get baseURL(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  /** The directory that threads work in. */
  get workspace(): string {
    return path.join(this.dir, 'workspace');
  }

  get logFile(): string {
    return path.join(this.dir, 'gateway.log');
  }

  /** What it has written so far, to both outputs. */
  log(): string {
    return readFileSync(this.logFile, 'utf8');
  }

  /** Its subprocesses, and theirs. */
  processes(): Process[] {
    return descendants(this.pid);
  }

  get hasEnded(): boolean {
    return this.child.exitCode !== null || this.child.signalCode !== null;
  }

  /** Asks it to end (SIGTERM) and checks that it did so in time, without a panic in its life. */
  async stop(): Promise<void> {
    if (!this.hasEnded) {
      const ended = once(this.child, 'exit');
      this.child.kill('SIGTERM');
      const inTime = await Promise.race([ended.then(() => true), delay(STOP_MS, false, { ref: false })]);
      if (!inTime) {
        await this.kill();
        throw new Error(`the gateway did not end within ${STOP_MS} ms of SIGTERM; see ${this.logFile}`);
      }
    }
    if (this.log().includes('panicked at')) throw new Error(`the gateway panicked; see ${this.logFile}`);
  }

  /** Ends it as a crash would (SIGKILL). */
  async kill(): Promise<void> {
    if (this.hasEnded) return;
    const ended = once(this.child, 'exit');
    kill9(this.pid);
    await ended;
  }

  private async answers(): Promise<void> {
    const deadline = Date.now() + START_MS;
    while (Date.now() < deadline) {
      if (this.hasEnded) throw new Error(`the gateway ended at its start:\n${this.log()}`);
      const answer = await fetch(`${this.baseURL}/healthz`).catch(() => undefined);
      if (answer?.ok) return;
      await delay(50);
    }
    await this.kill();
    throw new Error(`the gateway did not answer within ${START_MS} ms:\n${this.log()}`);
  }
}

/** A port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const socket = createServer().listen(0, '127.0.0.1');
  await once(socket, 'listening');
  const { port } = socket.address() as AddressInfo;
  socket.close();
  await once(socket, 'close');
  return port;
}
