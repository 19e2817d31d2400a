// Reads the processes of this machine from /proc.
import { readdirSync, readFileSync } from 'node:fs';

export interface Process {
  pid: number;
  parent: number;
  /** The program's name and its arguments. */
  command: string[];
}

/** Returns all descendants of `pid`, without zombies. */
export function descendants(pid: number): Process[] {
  const all = processes();
  const found: Process[] = [];
  const parents = [pid];
  for (let parent = parents.pop(); parent !== undefined; parent = parents.pop()) {
    const children = all.filter((process) => process.parent === parent);
    found.push(...children);
    parents.push(...children.map((child) => child.pid));
  }
  return found;
}

/** Returns `true` if `pid` is running. */
export function isRunning(pid: number): boolean {
  return read(pid) !== undefined;
}

/** Kills `pid` with SIGKILL, as the kernel does when memory runs out. */
export function kill9(pid: number): void {
  process.kill(pid, 'SIGKILL');
}

function processes(): Process[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((name) => read(Number(name)))
    .filter((process) => process !== undefined);
}

function read(pid: number): Process | undefined {
  try {
    // "pid (name) state ppid …": the name may contain spaces and parentheses.
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const [state, parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (state === 'Z') return undefined;
    const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').slice(0, -1);
    return { pid, parent: Number(parent), command };
  } catch {
    return undefined; // ended meanwhile
  }
}
