// A scripted MCP server over standard input and output.
// `fail` exits at once. `wait FILE` answers `initialize` once the file exists.
import { existsSync, watch } from 'node:fs';
import { dirname } from 'node:path';
import { createInterface } from 'node:readline';

const [mode, gate] = process.argv.slice(2);
if (mode === 'fail') process.exit(3);

const reply = (id, result) => process.stdout.write(`${JSON.stringify({ jsonrpc: '2.0', id, result })}\n`);

/** Resolves when the file exists. */
function fileExists(file) {
  return new Promise((resolve) => {
    const check = () => existsSync(file) && (watcher.close(), resolve());
    const watcher = watch(dirname(file), check);
    check();
  });
}

createInterface({ input: process.stdin }).on('line', async (line) => {
  const { id, method, params } = JSON.parse(line);
  if (id === undefined) return;
  if (method === 'initialize') {
    if (mode === 'wait') await fileExists(gate);
    const { protocolVersion } = params;
    reply(id, { protocolVersion, capabilities: { tools: {} }, serverInfo: { name: 'scripted', version: '1' } });
  } else {
    reply(id, method === 'tools/list' ? { tools: [] } : {});
  }
});
