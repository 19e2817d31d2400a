#!/usr/bin/env node
// Asks Codex something through a gateway and prints the answer as it comes. Nothing but Node (18 or newer).
//
//     CODEX_GATEWAY_URL=http://127.0.0.1:1317 CODEX_GATEWAY_TOKEN=… node follow.mjs "Explain this project"
//
// The stream is followed by its numbers: when the connection breaks, it goes on where it was.

const url = process.env.CODEX_GATEWAY_URL ?? 'http://127.0.0.1:1317';
const token = process.env.CODEX_GATEWAY_TOKEN;
const authorization = token ? { authorization: `Bearer ${token}` } : {};

async function post(path, body) {
  const headers = { 'content-type': 'application/json', ...authorization };
  const reply = await fetch(url + path, { method: 'POST', headers, body: JSON.stringify(body) });
  const json = await reply.json();
  if (!reply.ok) throw new Error(`${reply.status} ${json.code}: ${json.error}`);
  return json;
}

/** The session's events from that id on, over as many connections as it takes. */
async function* events(session, since) {
  for (;;) {
    try {
      const headers = { ...authorization, 'last-event-id': since };
      const reply = await fetch(`${url}/api/sessions/${session}/events`, { headers });
      if (!reply.ok) throw new Error(`the stream answers ${reply.status}`);
      let text = '';
      for await (const piece of reply.body.pipeThrough(new TextDecoderStream())) {
        const frames = (text + piece).split('\n\n');
        text = frames.pop();
        for (const frame of frames) {
          const field = (name) => frame.match(new RegExp(`^${name}: (.*)$`, 'm'))?.[1];
          const event = { name: field('event'), id: field('id'), data: field('data') };
          since = event.id ?? since;
          if (event.name) yield { ...event, data: JSON.parse(event.data) };
        }
      }
    } catch (error) {
      console.error(`${error.message}; connecting again`);
    }
    await new Promise((again) => setTimeout(again, 1000));
  }
}

const prompt = process.argv.slice(2).join(' ') || 'Reply with exactly the single word ready';
const { sessionId, lastEventId } = await post('/api/sessions', { approvals: 'decline' });
const { turnId } = await post(`/api/sessions/${sessionId}/turn`, { prompt });
for await (const { name, data } of events(sessionId, lastEventId)) {
  if (name === 'gap') console.error(`events are missing from ${data.from} to ${data.to}: read the snapshot`);
  if (name !== 'notification') continue;
  const { method, params } = data;
  if (method === 'item/agentMessage/delta') process.stdout.write(params.delta);
  if (method === 'item/started' && params.item.type === 'commandExecution') console.error(`$ ${params.item.command}`);
  if (method === 'turn/completed' && params.turn.id === turnId) {
    process.stdout.write('\n');
    process.exit(params.turn.status === 'completed' ? 0 : 1);
  }
}
