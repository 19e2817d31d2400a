// Measures long tasks of the page, from Chromium's trace. It has wall time and CPU time: the page shares the machine with
// codex, the gateway and the browser's other processes.
import type { Page } from '@playwright/test';

/** A task of the page's main thread. */
export interface Task {
  /** How long it lasted. */
  wallMs: number;
  /** How long the thread ran on a processor. */
  cpuMs: number;
}

interface TraceEvent {
  name: string;
  ph: string;
  pid: number;
  tid: number;
  dur?: number;
  tdur?: number;
  args: { name?: string };
}

/** Runs `work`, and returns the tasks of the page that lasted longer than 50 ms meanwhile. */
export async function longTasks(page: Page, work: () => Promise<void>): Promise<Task[]> {
  const devtools = await page.context().newCDPSession(page);
  const events: TraceEvent[] = [];
  // Pushed one by one: there are more events than a call may have arguments.
  devtools.on('Tracing.dataCollected', ({ value }) => value.forEach((event) => events.push(event as unknown as TraceEvent)));
  await devtools.send('Tracing.start', { traceConfig: { includedCategories: ['toplevel'] } });
  await work();
  const complete = new Promise((resolve) => devtools.once('Tracing.tracingComplete', resolve));
  await devtools.send('Tracing.end');
  await complete;

  const thread = ({ pid, tid }: TraceEvent) => `${pid} ${tid}`;
  const mainThreads = new Set(events.filter(({ name, args }) => name === 'thread_name' && args.name === 'CrRendererMain').map(thread));
  const tasks = events.filter((event) => event.name.endsWith('RunTask') && event.ph === 'X' && mainThreads.has(thread(event)));
  if (tasks.length === 0) throw new Error('the trace has no task of a page');
  const ms = (task: TraceEvent): Task => ({ wallMs: (task.dur ?? 0) / 1000, cpuMs: (task.tdur ?? 0) / 1000 });
  return tasks.map(ms).filter(({ wallMs }) => wallMs > 50);
}

/** Returns the number of tasks with more than 50 ms of CPU time, and the longest CPU and wall times. */
export function summarize(tasks: Task[]): { count: number; maxCpuMs: number; maxWallMs: number } {
  const longest = (times: number[]) => times.reduce((longest, time) => Math.max(longest, time), 0);
  const cpuTimes = tasks.map((task) => task.cpuMs);
  return {
    count: cpuTimes.filter((time) => time > 50).length,
    maxCpuMs: longest(cpuTimes),
    maxWallMs: longest(tasks.map((task) => task.wallMs)),
  };
}
