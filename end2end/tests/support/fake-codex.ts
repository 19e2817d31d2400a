// A codex that does what it is told: see server/tests/fake_codex.
import { existsSync, mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { TARGET } from './server';

const PROGRAM = path.join(TARGET, 'debug/examples/fake-codex');

export class FakeCodex {
  private readonly dir: string;

  constructor(name: string, mode: string) {
    if (!existsSync(PROGRAM)) {
      throw new Error(`${PROGRAM} is missing: cargo build -p codex-gateway --example fake-codex`);
    }
    this.dir = path.join(TARGET, 'e2e', `${name}-codex`);
    rmSync(this.dir, { recursive: true, force: true });
    mkdirSync(this.dir, { recursive: true });
    symlinkSync(PROGRAM, path.join(this.dir, 'codex'));
    this.setMode(mode);
  }

  /** What a gateway is started with to use it. */
  get env(): Record<string, string> {
    return { CODEX_GATEWAY_CODEX_BIN: path.join(this.dir, 'codex') };
  }

  setMode(mode: string): void {
    writeFileSync(path.join(this.dir, 'mode.new'), mode);
    renameSync(path.join(this.dir, 'mode.new'), path.join(this.dir, 'mode'));
  }

  /** Says what it asks in the mode `asks-as-written`, about which changes, and what becomes of them once the gate is open. */
  setAsks(written: { asks: { method: string; params: object }[]; changes?: object[]; later?: object[] }): void {
    writeFileSync(path.join(this.dir, 'asks.json'), JSON.stringify(written));
  }

  /** Puts a thread on disk that no session has made. So many invented turns of four items each come before its own. */
  putThread(id: string, turns: object[], invented = 0): void {
    const dir = path.join(this.dir, 'threads');
    mkdirSync(dir, { recursive: true });
    const thread = { id, createdAt: 1, cwd: '/', preview: 'From elsewhere', turns, invented };
    writeFileSync(path.join(dir, `${id}.json`), JSON.stringify(thread));
  }

  /** Puts a thread on disk that codex has not indexed; it does so when it is opened and the gate is open. */
  putUnindexedThread(id: string, unindexed: object[]): void {
    const dir = path.join(this.dir, 'threads');
    mkdirSync(dir, { recursive: true });
    const thread = { id, createdAt: 1, cwd: '/', preview: 'From elsewhere', turns: [], unindexed };
    writeFileSync(path.join(dir, `${id}.json`), JSON.stringify(thread));
  }

  /** Lets a turn go on that waits. */
  openGate(): void {
    writeFileSync(path.join(this.dir, 'gate'), '');
  }
}
