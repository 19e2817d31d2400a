// A scripted MCP server over standard input and output. Arguments: `fail` ends it at once; `wait FILE` answers `initialize` once the
// file is there.
import { existsSync, watch } from 'node:fs';
import { dirname } from 'node:path';
import { createInterface } from 'node:readline';

const [what, gate] = process.argv.slice(2);
if (what === 'fail') process.exit(3);

const reply = (id, result) => process.stdout.write(`${JSON.stringify({ jsonrpc: '2.0', id, result })}\n`);

/** Waits until the file is there. */
function opened(file) {
  return new Promise((resolve) => {
    const look = () => existsSync(file) && (watcher.close(), resolve());
    const watcher = watch(dirname(file), look);
    look();
  });
}

createInterface({ input: process.stdin }).on('line', async (line) => {
  const { id, method, params } = JSON.parse(line);
  if (id === undefined) return;
  if (method === 'initialize') {
    if (what === 'wait') await opened(gate);
    const { protocolVersion } = params;
    reply(id, { protocolVersion, capabilities: { tools: {} }, serverInfo: { name: 'scripted', version: '1' } });
  } else {
    reply(id, method === 'tools/list' ? { tools: [] } : {});
  }
});
