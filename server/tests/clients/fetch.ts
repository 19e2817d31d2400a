// A client of openapi-fetch, with the types that openapi-typescript generates.
import createClient from 'openapi-fetch';
import type { paths } from './schema';

const client = createClient<paths>({ baseUrl: process.env.CODEX_GATEWAY_URL! });

const created = await client.POST('/api/sessions', { body: { approvals: 'decline' } });
const id = created.data!.sessionId;
const turn = await client.POST('/api/sessions/{id}/turn', {
  params: { path: { id }, query: { state: 'none' }, header: { 'Idempotency-Key': 'generated' } },
  body: { prompt: process.argv[2]!, wait: true },
});
const reply = turn.data! as { text?: string | null };
const { data: page } = await client.GET('/api/sessions', { params: { query: { limit: 1 } } });
if (page!.sessions[0]!.id !== id || page!.nextCursor !== null) throw new Error(JSON.stringify(page));
const missing = await client.GET('/api/sessions/{id}', { params: { path: { id: 'nothing' } } });
if (missing.error!.code !== 'not_found') throw new Error(JSON.stringify(missing));
await client.DELETE('/api/sessions/{id}', { params: { path: { id } } });
console.log(reply.text);
