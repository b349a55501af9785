// socketio_idle.mjs [COUNT] - so many idle Engine.IO sessions, over WebSocket and as waiting long polls: memory of each,
// and how long a newcomer's handshake takes beside them. BUILD_FOLDER: the build folder.
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import net from 'node:net';

const count = Number(process.argv[2] ?? 10000);
const folder = process.env.BUILD_FOLDER ?? 'build/release';
const BATCH = 100;
const UPGRADE = 'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n' +
  'Sec-WebSocket-Version: 13\r\n';

const get = (query, extra = '') => `GET /socket.io/?EIO=4&${query} HTTP/1.1\r\nHost: idle\r\n${extra}\r\n`;
const resident = (child) => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))[1]);

// True once the handshake came; a long poll waits from then on.
function open(port, kind) {
  return new Promise((resolve) => {
    const socket = net.connect(port, '127.0.0.1');
    let received = '';
    socket.on('error', () => resolve(false));
    socket.on('data', (data) => {
      received += data;
      const found = /"sid":"([^"]+)".*"maxPayload"/.exec(received);
      if (!found) return;
      received = '';
      if (kind === 'polling') socket.write(get(`transport=polling&sid=${found[1]}`));
      resolve(true);
    });
    socket.write(kind === 'polling' ? get('transport=polling') : get('transport=websocket', UPGRADE));
  });
}

async function measure(kind) {
  const child = spawn(`${folder}/socketio_echo`, ['--port', '0', '--connect-timeout', '600000', '--ping-interval', '600000'],
    { stdio: ['ignore', 'pipe', 'inherit'] });
  const port = await new Promise((resolve) => child.stdout.once('data', (line) => resolve(Number(/\d+/.exec(line)[0]))));
  const before = resident(child);
  const began = performance.now();
  let opened = 0;
  for (let i = 0; i < count; i += BATCH) {
    const batch = await Promise.all(Array.from({ length: Math.min(BATCH, count - i) }, () => open(port, kind)));
    opened += batch.filter(Boolean).length;
  }
  const took = performance.now() - began;
  const asked = performance.now();
  const answer = await fetch(`http://127.0.0.1:${port}/socket.io/?EIO=4&transport=polling`);
  await answer.text();
  console.log(`${kind}: ${opened} of ${count} open in ${(took / 1000).toFixed(1)} s, ` +
    `${((resident(child) - before) / opened).toFixed(1)} KiB each, a newcomer waits ${(performance.now() - asked).toFixed(1)} ms`);
  child.kill();
}

await measure('websocket');
await measure('polling');
process.exit(0);
