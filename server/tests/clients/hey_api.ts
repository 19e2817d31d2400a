// The client that hey-api generates.
import { readFile } from 'node:fs/promises';
import { createSession, deleteSession, getImage, getSession, startTurn, uploadImage } from './client';
import { client } from './client/client.gen';

client.setConfig({ baseUrl: process.env.CODEX_GATEWAY_URL! });

const created = await createSession({ body: { approvals: 'decline' }, throwOnError: true });
const path = { id: created.data.sessionId };
const turn = await startTurn({ path, body: { prompt: process.argv[2]!, wait: true }, throwOnError: true });
const session = await getSession({ path, throwOnError: true });
if (session.data.session.running) throw new Error(JSON.stringify(session.data));
const missing = await getSession({ path: { id: 'nothing' } });
if (missing.error?.code !== 'not_found') throw new Error(JSON.stringify(missing.error));

const image = await readFile(process.argv[3]!);
const upload = await uploadImage({ body: new Blob([image]), throwOnError: true });
const stored = await getImage({ path: { id: upload.data.id }, parseAs: 'blob', throwOnError: true });
if ((stored.data as Blob).size !== image.length) throw new Error('the image is another');
await deleteSession({ path, throwOnError: true });
console.log((turn.data as { text?: string | null }).text);
