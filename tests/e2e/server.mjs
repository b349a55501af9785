// The real server under test, on free ports, with its log kept for when something fails.
import { spawn } from 'node:child_process';
import dgram from 'node:dgram';
import { once } from 'node:events';
import { createWriteStream, existsSync, mkdirSync, readFileSync } from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
export const buildFolder = process.env.BUILD_FOLDER ?? path.join(root, 'build/release');
export const outputFolder = path.join(root, 'build/e2e');
mkdirSync(outputFolder, { recursive: true });

const running = new Set();
process.on('exit', () => running.forEach((child) => child.kill('SIGKILL')));

// Ports below the ephemeral range, so that no client socket takes one in between.
let nextPort = 20000 + (process.pid % 100) * 100;

async function isFree(port) {
  const tcp = net.createServer();
  const udp = dgram.createSocket('udp4');
  try {
    tcp.listen(port);
    await once(tcp, 'listening');
    udp.bind(port);
    await once(udp, 'listening');
    return true;
  } catch {
    return false;
  } finally {
    tcp.close();
    udp.close();
  }
}

export async function freePort() {
  for (;;) {
    const port = nextPort++;
    if (await isFree(port)) return port;
  }
}

/** Runs a program of the build with its output in build/e2e/NAME.log. before: a command that runs it, such as prlimit. */
export function start(program, parameters, name, { before = [], ...options } = {}) {
  const executable = path.join(buildFolder, program);
  if (!existsSync(executable)) throw new Error(`${program} is not built (make build)`);
  const [command, ...words] = [...before, executable, ...parameters];
  const child = spawn(command, words, { stdio: ['ignore', 'pipe', 'pipe'], ...options });
  const log = createWriteStream(path.join(outputFolder, `${name}.log`), { flags: 'a' });
  child.stdout.pipe(log, { end: false });
  child.stderr.pipe(log, { end: false });
  running.add(child);
  child.once('exit', () => running.delete(child));
  return child;
}

/** SIGTERM, then SIGKILL; answers the exit code (null: it had to be killed). */
export async function stop(child, withinMs = 5000) {
  if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  const [code] = await Promise.race([ended, sleep(withinMs).then(() => [undefined])]);
  if (code === undefined) {
    child.kill('SIGKILL');
    await ended;
    return null;
  }
  return code;
}

export class Server {
  constructor(settings, before) {
    this.settings = settings;
    this.before = before;
    this.port = settings['http-port'];
    this.url = `http://localhost:${this.port}`;
  }

  /** settings: flags without their dashes. Ports are chosen free. before: as in start. */
  static async start(settings = {}, before = []) {
    const first = await freePort();
    const server = new Server({
      'http-port': await freePort(),
      'media-port': await freePort(),
      'ingest-ports': `${first}-${first + 49}`,
      'drain-seconds': 0,
      ...settings,
    }, before);
    nextPort += 50;
    await server.up();
    return server;
  }

  async up() {
    const flags = Object.entries(this.settings).map(([name, value]) => `--${name}=${value}`);
    this.child = start('manycast', flags, 'server', { before: this.before });
    for (let tries = 0; tries < 100; tries++) {
      if (this.child.exitCode !== null) throw new Error(`the server ended with status ${this.child.exitCode}`);
      try {
        if ((await fetch(`${this.url}/readyz`)).ok) return;
      } catch {
        // not listening yet
      }
      await sleep(100);
    }
    throw new Error('the server did not become ready');
  }

  down() {
    return stop(this.child);
  }

  async json(route) {
    const answer = await fetch(this.url + route);
    return answer.json();
  }

  /** One counter or gauge of /metrics. */
  async metric(name) {
    const text = await (await fetch(`${this.url}/metrics`)).text();
    const line = text.split('\n').find((each) => each.startsWith(`${name} `));
    return line === undefined ? undefined : Number(line.slice(name.length + 1));
  }

  /** Starts the test-pattern broadcaster; it retries until the server takes it. */
  publish(room, parameters = []) {
    return start('manycast-publish', [`${this.url}/whip/${encodeURIComponent(room)}`, ...parameters], 'publish');
  }

  /** Resolves when the room has a live stream. */
  async isLive(room) {
    for (let tries = 0; tries < 100; tries++) {
      const { rooms } = await this.json('/api/rooms');
      if (rooms.some((each) => each.room === room && each.streams.some((stream) => stream.live))) return;
      await sleep(100);
    }
    throw new Error(`nobody goes live in ${room}`);
  }

  residentBytes() {
    const status = readFileSync(`/proc/${this.child.pid}/status`, 'utf8');
    return Number(/VmRSS:\s+(\d+)/.exec(status)[1]) * 1024;
  }
}
