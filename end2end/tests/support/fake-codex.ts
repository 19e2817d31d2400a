// Controls a fake codex: see server/tests/fake_codex.
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

  /** The environment for a gateway that uses this codex. */
  get env(): Record<string, string> {
    return { CODEX_GATEWAY_CODEX_BIN: path.join(this.dir, 'codex') };
  }

  /** Sets what it does from the next turn on. */
  setMode(mode: string): void {
    writeFileSync(path.join(this.dir, 'mode.new'), mode);
    renameSync(path.join(this.dir, 'mode.new'), path.join(this.dir, 'mode'));
  }

  /**
   * Sets the server requests of the mode `asks-as-written`: the requests, the file changes that they are about, and the changes
   * that replace them when the gate opens.
   */
  setRequests(content: { asks: { method: string; params: object }[]; changes?: object[]; later?: object[] }): void {
    writeFileSync(path.join(this.dir, 'asks.json'), JSON.stringify(content));
  }

  /** Writes a thread that no session has created. `generatedTurns` turns of four items each come before `turns`. */
  writeThread(id: string, turns: object[], generatedTurns = 0): void {
    const dir = path.join(this.dir, 'threads');
    mkdirSync(dir, { recursive: true });
    const thread = { id, createdAt: 1, cwd: '/', preview: 'From elsewhere', turns, invented: generatedTurns };
    writeFileSync(path.join(dir, `${id}.json`), JSON.stringify(thread));
  }

  /** Writes a thread that codex has not indexed. It is indexed when it is opened and the gate is open. */
  writeUnindexedThread(id: string, turns: object[]): void {
    const dir = path.join(this.dir, 'threads');
    mkdirSync(dir, { recursive: true });
    const thread = { id, createdAt: 1, cwd: '/', preview: 'From elsewhere', turns: [], unindexed: turns };
    writeFileSync(path.join(dir, `${id}.json`), JSON.stringify(thread));
  }

  /** Opens the gate that a turn waits for. */
  openGate(): void {
    writeFileSync(path.join(this.dir, 'gate'), '');
  }
}
