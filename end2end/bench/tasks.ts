// How long the page itself works at a time. On a machine that codex, the gateway and the browser's other processes share,
// a task also lasts while others have the processor: Chromium's trace tells both times.
import type { Page } from '@playwright/test';

/** A task of the page's main thread, in milliseconds. */
export interface Task {
  /** How long it lasted. */
  lasted: number;
  /** How long the thread worked in it. */
  worked: number;
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

/** The tasks of the page that lasted for more than 50 ms while something was done. */
export async function longTasks(page: Page, work: () => Promise<void>): Promise<Task[]> {
  const devtools = await page.context().newCDPSession(page);
  const events: TraceEvent[] = [];
  // Not spread: there are more of them than a call may have arguments.
  devtools.on('Tracing.dataCollected', ({ value }) => value.forEach((event) => events.push(event as unknown as TraceEvent)));
  await devtools.send('Tracing.start', { traceConfig: { includedCategories: ['toplevel'] } });
  await work();
  const complete = new Promise((resolve) => devtools.once('Tracing.tracingComplete', resolve));
  await devtools.send('Tracing.end');
  await complete;

  const thread = ({ pid, tid }: TraceEvent) => `${pid} ${tid}`;
  const mains = new Set(events.filter(({ name, args }) => name === 'thread_name' && args.name === 'CrRendererMain').map(thread));
  const tasks = events.filter((event) => event.name.endsWith('RunTask') && event.ph === 'X' && mains.has(thread(event)));
  if (tasks.length === 0) throw new Error('the trace has no task of a page');
  const ms = (task: TraceEvent): Task => ({ lasted: (task.dur ?? 0) / 1000, worked: (task.tdur ?? 0) / 1000 });
  return tasks.map(ms).filter(({ lasted }) => lasted > 50);
}

/** How many of the tasks the page worked in for more than 50 ms, and how long it worked and they lasted at most. */
export function summary(tasks: Task[]): { long: number; worked: number; lasted: number } {
  const most = (times: number[]) => times.reduce((most, time) => Math.max(most, time), 0);
  const worked = tasks.map((task) => task.worked);
  return {
    long: worked.filter((time) => time > 50).length,
    worked: most(worked),
    lasted: most(tasks.map((task) => task.lasted)),
  };
}
