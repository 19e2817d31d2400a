#!/usr/bin/env node
// Asks Codex something through a gateway and prints the answer as it comes. Nothing but Node (18 or newer).
//
//     CODEX_GATEWAY_URL=http://127.0.0.1:1317 CODEX_GATEWAY_TOKEN=… node follow.mjs "Explain this project"
//
// The stream is followed by its numbers: when the connection breaks, it goes on where it was. A gateway that was restarted numbers
// anew and has ended the turn, so after each break the snapshot is asked how the turn stands.

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

async function get(path) {
  const reply = await fetch(url + path, { headers: authorization });
  if (!reply.ok) throw Object.assign(new Error(`${path} answers ${reply.status}`), { status: reply.status });
  return reply.json();
}

/** Nothing gets better by asking again: the session is gone, or the token is not valid. */
const isFinal = (status) => status >= 400 && status < 500 && status !== 429;

/** The session's events from that id on, over as many connections as it takes; `reconnected` stands where one begins anew. */
async function* events(session, since) {
  for (let connections = 0; ; connections += 1) {
    if (connections > 0) yield { name: 'reconnected' };
    try {
      const headers = { ...authorization, 'last-event-id': since };
      const reply = await fetch(`${url}/api/sessions/${session}/events`, { headers });
      if (!reply.ok) throw Object.assign(new Error(`the stream answers ${reply.status}`), { status: reply.status });
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
      if (isFinal(error.status)) throw error;
      console.error(`${error.message}; connecting again`);
    }
    await new Promise((again) => setTimeout(again, 1000));
  }
}

/** How a turn ended that was not followed to its end, and its answer; nothing while it runs. */
async function ended(session, turnId) {
  const { transcript } = await get(`/api/sessions/${session}/snapshot`).catch((error) => {
    if (isFinal(error.status)) throw error;
    return { transcript: { turns: [], entries: [] } };
  });
  const turn = transcript.turns.find(({ id, status }) => id === turnId && status !== 'inProgress');
  const answer = transcript.entries.findLast(({ turnId: of, content }) => of === turnId && content.item?.type === 'agentMessage');
  return turn && { ...turn, text: answer?.content.item.text ?? '' };
}

const prompt = process.argv.slice(2).join(' ') || 'Reply with exactly the single word ready';
const { sessionId, lastEventId } = await post('/api/sessions', { approvals: 'decline' });
const { turnId } = await post(`/api/sessions/${sessionId}/turn`, { prompt });
for await (const { name, data } of events(sessionId, lastEventId)) {
  if (name === 'gap') console.error(`events are missing from ${data.from} to ${data.to}: read the snapshot`);
  if (name === 'reconnected') {
    const turn = await ended(sessionId, turnId);
    if (!turn) continue;
    // What was printed of it before the break may not be all.
    console.log(`\n${turn.text}`);
    if (turn.status !== 'completed') console.error(`the turn is ${turn.status}: ${turn.error?.message ?? 'no reason given'}`);
    process.exit(turn.status === 'completed' ? 0 : 1);
  }
  if (name === 'session-closed') {
    console.error(`the session has ended: ${data.reason}`);
    process.exit(1);
  }
  if (name !== 'notification') continue;
  const { method, params } = data;
  if (method === 'item/agentMessage/delta') process.stdout.write(params.delta);
  if (method === 'item/started' && params.item.type === 'commandExecution') console.error(`$ ${params.item.command}`);
  if (method === 'turn/completed' && params.turn.id === turnId) {
    process.stdout.write('\n');
    process.exit(params.turn.status === 'completed' ? 0 : 1);
  }
}
