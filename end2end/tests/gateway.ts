// Fixtures to import instead of @playwright/test: a running gateway, and pages whose errors fail the test.
//
//   import { expect, test } from './gateway';
//   test('…', async ({ page, gateway, pageErrors, startServer }) => { await page.goto('/'); … });
import { expect, test as base, type Page } from '@playwright/test';
import path from 'node:path';
import { PageErrors } from './support/page-errors';
import { Server, TARGET, type ServerOptions } from './support/server';

export { expect };
export { descendants, isRunning, kill9 } from './support/processes';
export type { PageErrors, Server };

interface TestFixtures {
  /** The errors of `page`. `pageErrors.watch(other)` adds a page, `pageErrors.allow(/…/)` allows errors. */
  pageErrors: PageErrors;
  /** Starts another gateway, which is stopped after the test. `restartOf: server` restarts one that has ended. */
  startServer: (options?: Partial<ServerOptions>) => Promise<Server>;
}

interface WorkerFixtures {
  /** The gateway at `baseURL`, in demo mode. All tests share it: do not stop it. */
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

  // Depends on `startServer`, so that servers end after the pages whose errors it collects.
  pageErrors: async ({ startServer: _ }, use) => {
    const pageErrors = new PageErrors();
    await use(pageErrors);
    expect(pageErrors.unexpected(), 'page errors').toEqual([]);
  },

  // A page that outlives its server has errors: all are closed before `pageErrors` and `startServer` end.
  context: async ({ pageErrors: _, context }, use) => {
    await use(context);
    await context.close();
  },

  page: async ({ page, pageErrors, gateway }, use, testInfo) => {
    pageErrors.watch(page);
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

/** Writes target/screenshots/`name`.png, for visual inspection. */
export async function screenshot(page: Page, name: string): Promise<void> {
  await page.screenshot({ path: path.join(TARGET, 'screenshots', `${name}.png`) });
}
