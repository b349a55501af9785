// What is measured, and how one run of each goes: a fresh server on the first core, broadcaster and swarm on the others.
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';

const programs = 'build/release';
const cores = os.availableParallelism();
const serverCore = cores > 1 ? ['taskset', '-c', '0'] : [];
const otherCores = cores > 1 ? ['taskset', '-c', cores > 2 ? `1-${cores - 1}` : '1'] : [];
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

// Whatever ends us ends what we started.
const children = new Set();
process.on('exit', () => children.forEach((child) => child.kill('SIGKILL')));
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(signal, () => process.exit(1));

function keep(child) {
  children.add(child);
  child.once('exit', () => children.delete(child));
  return child;
}

async function freePort() {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

function start(pin, command) {
  const [program, ...args] = [...pin, ...command];
  const child = keep(spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'] }));
  child.said = '';
  child.stderr.on('data', (part) => (child.said = (child.said + part).slice(-4000)));
  child.ended = once(child, 'exit');
  return child;
}

async function stop(child) {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGTERM');
  const forced = setTimeout(() => child.kill('SIGKILL'), 5000);
  await child.ended;
  clearTimeout(forced);
}

async function until(what, child, test) {
  for (let waited = 0; waited < 10000; waited += 50) {
    if (await test()) return;
    if (child.exitCode !== null) break;
    await sleep(50);
  }
  throw new Error(`${what} did not start: ${child.said}`);
}

function listens(port) {
  return new Promise((resolve) => {
    const socket = net.connect(port, '127.0.0.1', () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });
}

// Runs a program that tells one JSON object, whatever its exit code.
function tell(pin, command, seconds) {
  const [program, ...args] = [...pin, ...command];
  return new Promise((resolve, reject) => {
    const child = execFile(program, args, { timeout: seconds * 1000 }, (error, out, complaints) => {
      try {
        resolve(JSON.parse(out));
      } catch {
        reject(new Error(`${command[0]} told nothing: ${error?.message} ${complaints}`));
      }
    });
    keep(child);
  });
}

function cpuSeconds(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100; // USER_HZ
}

async function broadcast(url) {
  const publisher = start(otherCores, [
    `${programs}/manycast-publish`, url, '--size', '1280x720', '--fps', '30', '--kbps', '2500', '--gop', '60',
  ]);
  try {
    await until('the broadcaster', publisher, () => publisher.said.includes('live'));
  } catch (error) {
    await stop(publisher);
    throw error;
  }
  await sleep(1500);
  return publisher;
}

const watch = (url, { viewers, ramp, seconds, gro, suite }, pid) =>
  tell(
    otherCores,
    [
      `${programs}/manycast-load`, url, '--viewers', viewers, '--ramp', ramp, '--duration', seconds, '--sample', '50',
      '--suite', suite, '--server-pid', pid, '--json', ...(gro ? [] : ['--plain']),
    ].map(String),
    90 + (3 * viewers) / ramp,
  );

// A swarm watches what a broadcaster sends; pid is the server's.
async function swarm(options, whip, whep, pid) {
  const began = Date.now();
  const publisher = await broadcast(whip);
  try {
    const told = await watch(whep, options, pid);
    return { ...told, broadcaster_cpu_share: cpuSeconds(publisher.pid) / ((Date.now() - began) / 1000) };
  } finally {
    await stop(publisher);
  }
}

async function counter(base, name) {
  const text = await (await fetch(`${base}/metrics`)).text();
  return Number(text.match(new RegExp(`^manycast_${name} (\\S+)`, 'm'))?.[1] ?? NaN);
}

// Calls work with the base URL of a fresh server and its process id.
async function withManycast(work) {
  const port = await freePort();
  const server = start(serverCore, [
    `${programs}/manycast`, '--http-port', String(port), '--media-port', '0', '--media-workers', '1', '--log-level', 'error',
  ]);
  try {
    await until('the server', server, () => listens(port));
    return await work(`http://127.0.0.1:${port}`, server.pid);
  } finally {
    await stop(server);
  }
}

const manycast = (options) =>
  withManycast(async (base, pid) => {
    const told = await swarm({ ...options, ramp: 100 }, `${base}/whip/bench`, `${base}/whep/bench`, pid);
    return { ...told, packets_per_batch: (await counter(base, 'batch_packets_total')) / (await counter(base, 'batches_total')) };
  });

// Joins at a rate, for some seconds, beside viewers who watch: what both of them notice.
export const storm = (watchers, rate, seconds) =>
  withManycast(async (base, pid) => {
    const url = `${base}/whep/bench`;
    const shared = { gro: true, suite: 'gcm' };
    const publisher = await broadcast(`${base}/whip/bench`);
    try {
      const watching = watch(url, { ...shared, viewers: watchers, ramp: 100, seconds: seconds + 1 }, pid);
      watching.catch(() => {}); // heard below, maybe later
      for (let waited = 0; waited < 60 && (await counter(base, 'sessions_opened_total')) < watchers; waited++) await sleep(500);
      await sleep(2500); // the swarm settles for two seconds before it measures
      const joining = watch(url, { ...shared, viewers: rate * seconds, ramp: rate, seconds: 1 }, pid);
      return { watching: await watching, joining: await joining };
    } finally {
      await stop(publisher);
    }
  });

async function janus(options) {
  const [port, gatewayPort] = [await freePort(), await freePort()];
  const folder = mkdtempSync(path.join(os.tmpdir(), 'bench-janus-'));
  const server = start(serverCore, ['bench/janus/start.sh', folder, String(port), String(options.eventLoops)]);
  const gateway = start(otherCores, ['node', 'bench/janus/gateway.mjs', String(gatewayPort), String(port)]);
  try {
    await until('janus', server, () => listens(port));
    await until('the gateway', gateway, () => listens(gatewayPort));
    const base = `http://127.0.0.1:${gatewayPort}`;
    return await swarm({ ...options, ramp: 25 }, `${base}/whip`, `${base}/whep`, server.pid);
  } finally {
    await stop(gateway);
    await stop(server);
    rmSync(folder, { recursive: true });
  }
}

const floor = ({ viewers, seconds, gro, suite }) =>
  tell(
    [],
    [`${programs}/floor`, '--json', '--viewers', String(viewers), '--seconds', String(seconds), '--suite', suite, ...(gro ? ['--gro'] : [])],
    30 + seconds,
  );

// One run: what manycast-load or floor told, as its JSON.
const kinds = { floor, manycast, janus };
export const run = (subject, viewers, seconds) => kinds[subject.kind]({ ...subject, viewers, seconds });

export const subjects = [
  { name: 'floor-gro', title: 'floor, UDP_GRO', kind: 'floor', gro: true, suite: 'gcm' },
  { name: 'manycast-gro', title: 'Manycast, UDP_GRO', kind: 'manycast', gro: true, suite: 'gcm' },
  { name: 'manycast-cm', title: 'Manycast, UDP_GRO, AES_CM', kind: 'manycast', gro: true, suite: 'cm' },
  { name: 'floor-plain', title: 'floor, plain', kind: 'floor', gro: false, suite: 'gcm' },
  { name: 'manycast-plain', title: 'Manycast, plain', kind: 'manycast', gro: false, suite: 'gcm' },
  { name: 'janus-loops', title: 'Janus, event_loops', kind: 'janus', gro: false, suite: 'gcm', eventLoops: 1 },
  { name: 'janus', title: 'Janus, default', kind: 'janus', gro: false, suite: 'gcm', eventLoops: 0 },
];
