// Counts the open event streams of a gateway.
import type { APIRequestContext } from '@playwright/test';

const TOKEN = 'metrics token of the tests';

/** The environment for a gateway whose streams are counted. */
export const METRICS_ENV = { CODEX_GATEWAY_METRICS_TOKEN: TOKEN };

/** Returns the number of open event streams. */
export async function openEventStreams(request: APIRequestContext, baseURL: string): Promise<number> {
  const metrics = await request.get(`${baseURL}/metrics`, { headers: { authorization: `Bearer ${TOKEN}` } });
  return Number(/^codex_gateway_event_streams (\d+)/m.exec(await metrics.text())?.[1]);
}
