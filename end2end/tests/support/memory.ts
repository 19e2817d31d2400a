// What a page takes.
import type { Page } from '@playwright/test';

/** From the next load on, the memory of the page's module can be looked at. */
export async function watchMemory(page: Page): Promise<void> {
  await page.addInitScript(() => {
    for (const name of ['instantiate', 'instantiateStreaming'] as const) {
      const made = WebAssembly[name].bind(WebAssembly) as (...all: unknown[]) => Promise<{ instance: WebAssembly.Instance }>;
      Object.assign(WebAssembly, {
        [name]: async (...all: unknown[]) => {
          const module = await made(...all);
          Object.assign(window, { moduleMemory: module.instance.exports.memory });
          return module;
        },
      });
    }
  });
}

/** What the page's program and its objects take, in bytes. */
export async function memory(page: Page): Promise<number> {
  const devtools = await page.context().newCDPSession(page);
  await devtools.send('HeapProfiler.collectGarbage');
  const { usedSize } = await devtools.send('Runtime.getHeapUsage');
  await devtools.detach();
  const module = await page.evaluate(
    () => (window as unknown as { moduleMemory: WebAssembly.Memory }).moduleMemory.buffer.byteLength,
  );
  return usedSize + module;
}
