// What specs import instead of @playwright/test: a running gateway, and pages that may not err.
//
//   import { expect, test } from './gateway';
//   test('…', async ({ page, gateway, faults, startServer }) => { await page.goto('/'); … });
import { expect, test as base, type Page } from '@playwright/test';
import path from 'node:path';
import { Faults } from './support/faults';
import { Server, TARGET, type ServerOptions } from './support/server';

export { expect };
export { descendants, isRunning, kill9 } from './support/processes';
export type { Faults, Server };

interface TestFixtures {
  /** What went wrong in `page`; `faults.watch(other)` for further pages, `faults.allow(/…/)`. */
  faults: Faults;
  /** Starts a further server, which ends with the test. `after: server` restarts one that ended. */
  startServer: (options?: Partial<ServerOptions>) => Promise<Server>;
}

interface WorkerFixtures {
  /** The server behind `baseURL`, in demo mode; shared by all tests, so leave it running. */
  gateway: Server;
}

export const test = base.extend<TestFixtures, WorkerFixtures>({
  gateway: [
    async ({}, use, workerInfo) => {
      const server = await Server.start({ name: `worker-${workerInfo.workerIndex}` });
      await use(server);
      await server.stop();
    },
    { scope: 'worker' },
  ],

  baseURL: async ({ gateway }, use) => use(gateway.baseURL),

  // Depends on `startServer`, so that servers end after the pages whose faults it counts.
  faults: async ({ startServer: _ }, use) => {
    const faults = new Faults();
    await use(faults);
    expect(faults.unexpected(), 'faults in the page').toEqual([]);
  },

  // A page that outlives its server has faults: all are closed before `faults` and `startServer` end.
  context: async ({ faults: _, context }, use) => {
    await use(context);
    await context.close();
  },

  page: async ({ page, faults, gateway }, use, testInfo) => {
    faults.watch(page);
    await use(page);
    if (testInfo.status !== testInfo.expectedStatus) {
      await testInfo.attach('gateway.log', { path: gateway.logFile });
    }
  },

  startServer: async ({}, use, testInfo) => {
    const started: Server[] = [];
    await use(async (options) => {
      const name = `${testInfo.testId}-${started.length}`;
      const server = await Server.start({ name, ...options });
      started.push(server);
      return server;
    });
    for (const server of started) await server.stop();
  },
});

/** Writes target/screenshots/`name`.png, for people to look at. */
export async function screenshot(page: Page, name: string): Promise<void> {
  await page.screenshot({ path: path.join(TARGET, 'screenshots', `${name}.png`) });
}
