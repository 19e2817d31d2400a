// How many event streams a gateway has open.
import type { APIRequestContext } from '@playwright/test';

const TOKEN = 'of those who watch';

/** What a gateway is started with to be asked. */
export const WATCHED = { CODEX_GATEWAY_METRICS_TOKEN: TOKEN };

export async function openStreams(request: APIRequestContext, baseURL: string): Promise<number> {
  const metrics = await request.get(`${baseURL}/metrics`, { headers: { authorization: `Bearer ${TOKEN}` } });
  return Number(/^codex_gateway_event_streams (\d+)/m.exec(await metrics.text())?.[1]);
}
