// What runs on this machine, read from /proc.
import { readdirSync, readFileSync } from 'node:fs';

export interface Process {
  pid: number;
  parent: number;
  /** The program's arguments, its own name first. */
  command: string[];
}

/** All processes below `pid`: its children, theirs and so on. Zombies have ended and do not count. */
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

/** Whether `pid` still runs. */
export function isRunning(pid: number): boolean {
  return read(pid) !== undefined;
}

/** Ends `pid` without giving it a say, as the kernel does when memory is short. */
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
    // "pid (name) state ppid …": the name may hold spaces and parentheses.
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const [state, parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (state === 'Z') return undefined;
    const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').slice(0, -1);
    return { pid, parent: Number(parent), command };
  } catch {
    return undefined; // ended while we looked
  }
}
