// Starts a server for each part, runs manycast-rooms against it, tells and draws what came out. See run.sh.
import { spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { chart } from '../picture.mjs';

const { values: options } = parseArgs({ options: { quick: { type: 'boolean' }, 'no-write': { type: 'boolean' } } });
const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
const build = process.env.BUILD_FOLDER ?? path.join(root, 'build/release');
const results = path.join(root, 'bench/results');
const scale = options.quick ? 10 : 1;
const crowd = 10000 / scale;
const million = 1000000 / scale;
const RELAY_CONNECTIONS = 100;
const port = 23000 + (process.pid % 500) * 8;
const MIB = 1024 * 1024;

// Limits that would refuse what is measured are lifted; the others stand.
const SETTINGS = {
  'http-port': port, 'http-bind': '127.0.0.1', 'media-port': port + 1, 'ingest-ports': `${port + 2}-${port + 6}`,
  'media-workers': 1, 'limits-rooms': 10000000, 'limits-messages-per-second': 100000, 'limits-message-burst': 1000000,
  'limits-relay-rooms-per-connection': million, 'chat-lines-per-second': 0, 'chat-room-lines-per-second': 0, 'log-level': 'warning',
};

const ended = (child) => new Promise((resolve) => { child.once('exit', resolve); });

async function withServer(run) {
  const server = spawn(path.join(build, 'manycast'), Object.entries(SETTINGS).map(([name, value]) => `--${name}=${value}`), { stdio: 'ignore' });
  const end = ended(server);
  try {
    for (let tries = 0; ; tries++) {
      if (server.exitCode !== null || tries > 100) throw new Error('the server does not start');
      if (await fetch(`http://127.0.0.1:${port}/readyz`).then(({ ok }) => ok, () => false)) break;
      await new Promise((resolve) => { setTimeout(resolve, 50); });
    }
    await run(server.pid);
  } finally {
    server.kill('SIGTERM');
    await end;
  }
}

/** Runs one part; its phases, also those before a failure. */
async function part(mode, more) {
  const phases = [];
  await withServer(async (pid) => {
    const flags = Object.entries({ port, pid, ...more }).flatMap(([name, value]) => [`--${name}`, String(value)]);
    const child = spawn(path.join(build, 'manycast-rooms'), [mode, ...flags], { stdio: ['ignore', 'pipe', 'inherit'] });
    const end = ended(child);
    for await (const text of createInterface({ input: child.stdout })) {
      const phase = JSON.parse(text);
      phases.push(phase);
      if (phase.answers > 0) console.log(`${phase.phase.padEnd(14)} ${String(phase.rooms).padStart(8)} rooms ${String(Math.round(phase.per_second)).padStart(7)} a second, p99 ${phase.p99_ms.toFixed(1)} ms, the server ${(phase.server_bytes / MIB).toFixed(0)} MiB`);
    }
    if ((await end) !== 0) console.error(`manycast-rooms ${mode} did not end well: its figures are not whole`);
  });
  return phases;
}

const round = (value, digits = 0) => value.toLocaleString('en-US', { maximumFractionDigits: digits });
const row = (...cells) => `| ${cells.join(' | ')} |`;
const phasesOf = (phases, name) => phases.filter(({ phase }) => phase === name);

function bytesEach(phases, name, count) {
  const at = phases.findIndex(({ phase }) => phase === name);
  return at > 0 ? (phases[at].server_bytes - phases[at - 1].server_bytes) / count : NaN;
}

function table(single, crowded, relay) {
  const lines = [
    `# Rooms (${new Date().toISOString().slice(0, 10)}, ${os.cpus()[0]?.model.trim() ?? 'unknown'}, ${os.cpus().length} cores)`, '',
    'Written by `bench/rooms/run.sh`. One signaling thread, no TLS, the load program on the same machine; questions in a closed loop, 200 under way.', '',
    row('what', 'connections', 'rooms', 'a second', 'p50 ms', 'p99 ms', 'most ms', 'server, of a core', 'server MiB'),
    row(...Array.from({ length: 9 }, (_, i) => (i === 0 ? '---' : '---:'))),
  ];
  for (const each of [...single, ...crowded, ...relay].filter(({ answers }) => answers > 0)) {
    lines.push(row(each.phase, round(each.connections), round(each.rooms), round(each.per_second), each.p50_ms.toFixed(1), each.p99_ms.toFixed(1),
      each.most_ms.toFixed(1), each.server_cpu_share.toFixed(2), round(each.server_bytes / MIB)));
  }
  lines.push('', `Memory: a connection ${round(bytesEach(single, 'connect', crowd))} bytes, a room with who is in it ${round(bytesEach(single, 'join', crowd))} more.`);
  const growth = phasesOf(relay, 'relay room');
  if (growth.length > 1) {
    const [first, last] = [growth[0], growth.at(-1)];
    lines.push(`From ${round(first.rooms)} to ${round(last.rooms)} relay rooms: ${round((last.server_bytes - first.server_bytes) / (last.rooms - first.rooms))} bytes a room, `
      + `a join's p50 from ${first.p50_ms.toFixed(2)} to ${last.p50_ms.toFixed(2)} ms.`);
  }
  const said = phasesOf(crowded, 'line');
  if (said.length > 0) lines.push(`A chat line reaches all ${round(said[0].connections)} in ${round(Math.max(...said.map(({ most_ms: most }) => most)))} ms at most (${said.length} lines).`);
  return [...lines, ''].join('\n');
}

if (os.loadavg()[0] > 1) console.error('The machine is busy: figures will be worse than they should be.');
const single = await part('rooms', { connections: crowd, rounds: 5 });
const crowded = await part('crowd', { connections: crowd, lines: 5 });
const relay = await part('relay', { connections: RELAY_CONNECTIONS, rooms: million });
const text = table(single, crowded, relay);
console.log(`\n${text}`);
if (!options['no-write'] && !options.quick) {
  const growth = phasesOf(relay, 'relay room');
  mkdirSync(results, { recursive: true });
  writeFileSync(path.join(results, 'rooms.json'), `${JSON.stringify({ single, crowded, relay }, null, 1)}\n`);
  writeFileSync(path.join(results, 'rooms.md'), text);
  writeFileSync(path.join(results, 'rooms.svg'), chart({
    title: 'Relay rooms: growth', xTitle: 'rooms', yTitle: 'joins a second; microseconds; MiB',
    lines: [
      { title: 'joins a second', points: growth.map(({ rooms, per_second: rate }) => [rooms, rate]) },
      { title: 'p50 of a join, µs', points: growth.map(({ rooms, p50_ms: ms }) => [rooms, 1000 * ms]) },
      { title: 'p99 of a join, µs', points: growth.map(({ rooms, p99_ms: ms }) => [rooms, 1000 * ms]) },
      { title: 'memory of the server, MiB', points: growth.map(({ rooms, server_bytes: bytes }) => [rooms, bytes / MIB]) },
    ],
  }));
}
