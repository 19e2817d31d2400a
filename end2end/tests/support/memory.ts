// Measures the memory of a page.
import type { Page } from '@playwright/test';

/** Makes the memory of the page's WASM module accessible, from the next load on. */
export async function watchMemory(page: Page): Promise<void> {
  await page.addInitScript(() => {
    for (const name of ['instantiate', 'instantiateStreaming'] as const) {
      const original = WebAssembly[name].bind(WebAssembly) as (...all: unknown[]) => Promise<{ instance: WebAssembly.Instance }>;
      Object.assign(WebAssembly, {
        [name]: async (...all: unknown[]) => {
          const module = await original(...all);
          // A chunk uses the memory of the main module, and exports none.
          const { memory } = module.instance.exports;
          if (memory) Object.assign(window, { moduleMemory: memory });
          return module;
        },
      });
    }
  });
}

/** Returns the size of the WASM memory and of the JavaScript heap. */
export async function memoryBytes(page: Page): Promise<number> {
  const devtools = await page.context().newCDPSession(page);
  await devtools.send('HeapProfiler.collectGarbage');
  const { usedSize } = await devtools.send('Runtime.getHeapUsage');
  await devtools.detach();
  const module = await page.evaluate(
    () => (window as unknown as { moduleMemory: WebAssembly.Memory }).moduleMemory.buffer.byteLength,
  );
  return usedSize + module;
}
