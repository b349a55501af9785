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

export async function stop(child) {
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

// What is broadcast: a picture of 2.5 Mbit/s and sound; beyond what a core can carry of that, frames of the same size, fewer
// of them, and no sound.
export const WHOLE_VIEWERS_MAX = 2000;
export const whole = { fps: 30, kbps: 2500, audio: true };
export const thin = { fps: 12, kbps: 1000, audio: false };
const streamFor = (viewers) => (viewers > WHOLE_VIEWERS_MAX ? thin : whole);

export async function broadcast(url, { size = '1280x720', fps, kbps, audio } = whole) {
  const publisher = start(otherCores, [
    `${programs}/manycast-publish`, url, '--size', size, '--fps', String(fps), '--kbps', String(kbps), '--gop', String(2 * fps), '--recorded',
    ...(audio ? [] : ['--no-audio']),
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

export const watch = (url, { viewers, ramp, seconds, gro, suite, stay = 0, rooms = 1 }, pid) =>
  tell(
    otherCores,
    [
      `${programs}/manycast-load`, url, '--viewers', viewers, '--ramp', ramp, '--duration', seconds, '--stay', stay, '--rooms', rooms, '--sample', '50',
      '--suite', suite, '--server-pid', pid, '--json', ...(gro ? [] : ['--plain']),
    ].map(String),
    90 + (3 * viewers) / ramp,
  );

// A swarm watches what a broadcaster sends; pid is the server's.
async function swarm(options, whip, whep, pid) {
  const began = Date.now();
  const publisher = await broadcast(whip, options.stream ?? streamFor(options.viewers));
  try {
    const told = await watch(whep, options, pid);
    return { ...told, broadcaster_cpu_share: cpuSeconds(publisher.pid) / ((Date.now() - began) / 1000) };
  } finally {
    await stop(publisher);
  }
}

async function counters(base, names) {
  const text = await (await fetch(`${base}/metrics`)).text();
  return names.map((name) => Number(text.match(new RegExp(`^manycast_${name} (\\S+)`, 'm'))?.[1] ?? NaN));
}

const counter = async (base, name) => (await counters(base, [name]))[0];

// Looks at the server's counters until it is stopped, then tells what was sent at a time in the last two seconds.
function watchSending(base) {
  const names = ['batches_total', 'batch_packets_total', 'packets_out_total', 'sends_gso_total', 'sends_plain_total'];
  const samples = [];
  let watching = true;
  const done = (async () => {
    while (watching) {
      samples.push(await counters(base, names).catch(() => samples.at(-1) ?? []));
      await sleep(500);
    }
  })();
  return async () => {
    watching = false;
    await done;
    const [from, to] = [samples.at(-6) ?? samples[0], samples.at(-2) ?? samples.at(-1)]; // the swarm has gone by the last one
    const [batches, batched, packets, gso, plain] = to.map((value, i) => value - from[i]);
    return { packets_per_batch: batched / batches, packets_per_message: packets / (gso + plain) };
  };
}

// Calls work with the base URL of a fresh server, which may have more settings, and its process id.
export async function withManycast(work, settings = []) {
  const port = await freePort();
  const server = start(serverCore, [
    `${programs}/manycast`, '--http-port', String(port), '--media-port', '0', '--media-workers', '1', '--log-level', 'error', ...settings,
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
    const sending = watchSending(base);
    const told = await swarm({ ...options, ramp: 250 }, `${base}/whip/bench`, `${base}/whep/bench`, pid).catch(async (error) => {
      await sending();
      throw error;
    });
    return { ...told, ...(await sending()) };
  });

// Memory alone: many viewers of a stream that costs little to send.
export const crowd = (viewers) => manycast({ viewers, seconds: 2, gro: true, suite: 'gcm', stream: { fps: 4, kbps: 300, audio: false } });

// Joins at a rate, for some seconds, beside viewers who watch: what both of them notice. Who joins stays for a second of
// the stream: thousands more at full rate are beyond what the machine can send at all.
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
      const joining = watch(url, { ...shared, viewers: rate * seconds, ramp: rate, seconds: 1, stay: 1 }, pid);
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
    [
      `${programs}/floor`, '--json', '--viewers', String(viewers), '--seconds', String(seconds), '--suite', suite, ...(gro ? ['--gro'] : []),
      '--fps', String(streamFor(viewers).fps), ...(streamFor(viewers).audio ? [] : ['--no-audio']),
    ],
    30 + seconds,
  );

// One run: what manycast-load or floor told, as its JSON.
const kinds = { floor, manycast, janus };
export const run = (subject, viewers, seconds) => kinds[subject.kind]({ ...subject, viewers, seconds });

// steps: numbers of viewers, unless asked for others; not all at each, so that a run of all takes less than half an hour.
const groSteps = [10, 100, 200, 1000, 2000, 5000];
const plainSteps = [100, 200, 1000];
export const subjects = [
  { name: 'floor-gro', title: 'floor, UDP_GRO', kind: 'floor', gro: true, suite: 'gcm', steps: groSteps },
  { name: 'manycast-gro', title: 'Manycast, UDP_GRO', kind: 'manycast', gro: true, suite: 'gcm', steps: groSteps },
  { name: 'manycast-cm', title: 'Manycast, UDP_GRO, AES_CM', kind: 'manycast', gro: true, suite: 'cm', steps: [100, 1000, 2000] },
  { name: 'floor-plain', title: 'floor, plain', kind: 'floor', gro: false, suite: 'gcm', steps: plainSteps },
  { name: 'manycast-plain', title: 'Manycast, plain', kind: 'manycast', gro: false, suite: 'gcm', steps: plainSteps },
  { name: 'janus-loops', title: 'Janus, event_loops', kind: 'janus', gro: false, suite: 'gcm', eventLoops: 1, steps: [100, 200] },
  { name: 'janus', title: 'Janus, default', kind: 'janus', gro: false, suite: 'gcm', eventLoops: 0, steps: [50, 100] },
];
