// What a server must live through: no descriptors left, clients that are slow on purpose, a port that is taken, tokens
// that are wrong. No browser is needed.
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import WebSocket from 'ws';
import { freePort, root, Server, start } from './server.mjs';

const PUBLISH = readFileSync(path.join(root, 'tests/signaling/offers/chromium-publish.sdp'), 'utf8');

async function setUp(cleanup, settings, before) {
  const server = await Server.start(settings, before);
  cleanup.later(() => server.down());
  return server;
}

/** A new connection each time: one that is kept would need no descriptor. */
const post = (server, room, token) =>
  fetch(`${server.url}/whip/${room}`, {
    method: 'POST',
    body: PUBLISH,
    headers: { 'Content-Type': 'application/sdp', Connection: 'close', ...(token && { Authorization: `Bearer ${token}` }) },
  });

/** Publishes until it is refused; answers the locations of those that were not. */
async function publishAll(server) {
  const locations = [];
  for (let i = 0; i < 100; i++) {
    const answer = await post(server, `room${i}`);
    if (answer.status === 503) {
      assert.equal(answer.headers.get('retry-after'), '5');
      return locations;
    }
    assert.equal(answer.status, 201);
    locations.push(answer.headers.get('location'));
  }
  return assert.fail('never refused');
}

async function publishes(server) {
  for (let tries = 0; tries < 50; tries++) {
    const answer = await post(server, 'again');
    if (answer.status === 201) return answer.headers.get('location');
    await sleep(200);
  }
  return assert.fail('no recovery');
}

const processorMs = (child) => {
  const fields = readFileSync(`/proc/${child.pid}/stat`, 'utf8').split(' ');
  return (Number(fields[13]) + Number(fields[14])) * 10;
};

/** What a client that sends first, and then drip every ms, has after at most most ms: [ms, what came]. */
function slow(port, first, drip, ms, most) {
  const began = Date.now();
  return new Promise((resolve) => {
    const connection = net.connect(port, '127.0.0.1');
    let received = '';
    const timer = setInterval(() => drip && connection.write(drip), ms);
    const end = () => {
      clearInterval(timer);
      connection.destroy();
      resolve([Date.now() - began, received]);
    };
    connection.on('data', (data) => { received += data; });
    connection.on('error', () => {});
    connection.on('close', end);
    connection.write(first);
    setTimeout(end, most);
  });
}

const encode = (value) => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');

export default {
  async 'without descriptors newcomers get 503, those who are in stay, and it recovers'(cleanup) {
    const server = await setUp(cleanup, {}, ['prlimit', '--nofile=256:256']);
    const socket = new WebSocket(`ws://localhost:${server.port}/ws`);
    cleanup.later(() => socket.terminate());
    await once(socket, 'open');

    // Connections that say nothing take what there is.
    const idle = Array.from({ length: 300 }, () => net.connect(server.port, '127.0.0.1'));
    cleanup.later(() => idle.forEach((each) => each.destroy()));
    let refused = 0;
    idle.forEach((each) => {
      each.on('error', () => {});
      each.on('data', (data) => { refused += String(data).startsWith('HTTP/1.1 503 '); });
    });
    for (let tries = 0; refused === 0 && tries < 50; tries++) await sleep(100);
    assert.ok(refused > 50, `${refused} of 300 refused`);
    assert.equal((await post(server, 'full')).status, 503);
    socket.send('{"type":"ping"}');
    assert.equal(JSON.parse((await once(socket, 'message'))[0]).type, 'pong');
    const before = processorMs(server.child);
    await sleep(1000);
    assert.ok(processorMs(server.child) - before < 300, 'it does not spin');
    idle.forEach((each) => each.destroy());
    await fetch(server.url + (await publishes(server)), { method: 'DELETE' });

    // Broadcasters do.
    const locations = await publishAll(server);
    assert.ok(locations.length > 3, `${locations.length} broadcasters`);
    for (const location of locations) await fetch(server.url + location, { method: 'DELETE' });
    await publishes(server);
    assert.equal((await fetch(`${server.url}/healthz`)).status, 200);
    assert.equal(await server.down(), 0);
  },

  async 'slow and idle clients are cut, while others are served'(cleanup) {
    const server = await setUp(cleanup, { 'limits-body-seconds': 5 });
    const head = 'POST /whip/a HTTP/1.1\r\nHost: a\r\nContent-Type: application/sdp\r\nContent-Length: 60000\r\n\r\n';
    const CASES = [
      // what, what is sent, and then again and again, cut after so many seconds
      ['a connection without a request', '', '', 10],
      ['a head that trickles in', 'GET /healthz HTTP/1.1\r\nHost: a\r\nX-A: ', 'a', 10],
      ['a head that stops', 'GET /healthz HTTP/1.1\r\nHost: a\r\n', '', 10],
      ['a body that trickles in', head, 'v', 5],
      ['a body that stops', `${head}v=0`, '', 5],
      ['a connection after its request', 'GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n', '', 10],
    ];
    const cut = CASES.flatMap((one) => Array.from({ length: 20 }, async () => [...one, ...(await slow(server.port, one[1], one[2], 300, 25000))]));
    for (let i = 0; i < 20; i++) assert.equal((await post(server, `served${i}`)).status, 201);
    for (const [what, , , seconds, ms] of await Promise.all(cut))
      assert.ok(ms > (seconds - 1) * 1000 && ms < (seconds + 5) * 1000, `${what}: after ${ms} ms, not ${seconds} s`);
    assert.equal((await fetch(`${server.url}/healthz`)).status, 200);
  },

  async 'a port that is taken ends the start with status 2 and says which'(cleanup) {
    const server = await setUp(cleanup);
    const first = await freePort();
    const child = start('manycast', [`--http-port=${server.port}`, `--media-port=${await freePort()}`, `--ingest-ports=${first}-${first + 9}`], 'taken');
    let said = '';
    child.stderr.on('data', (data) => { said += data; });
    assert.deepEqual(await once(child, 'close'), [2, null]);
    assert.equal(said, `manycast: cannot start: port ${server.port} is in use (http.port)\n`);
  },

  async 'tokens over HTTP: only what is signed, of now and of this room counts'(cleanup) {
    const secret = 'a secret of at least 32 bytes, shared with the site';
    const server = await setUp(cleanup, { 'auth-jwt-secret': secret });
    const now = Math.floor(Date.now() / 1000);
    const good = { room: 'a', publish: true, exp: now + 600 };
    const sign = (claims, header = { alg: 'HS256' }, key = secret) => {
      const text = `${encode(header)}.${encode(claims)}`;
      return `${text}.${createHmac('sha256', key).update(text).digest('base64url')}`;
    };
    const CASES = [
      ['none', undefined, 401],
      ['a good one', sign(good), 201],
      ['another secret', sign(good, undefined, secret.toUpperCase()), 403],
      ['expired', sign({ ...good, exp: now - 60 }), 403],
      ['without an end', sign({ room: 'a', publish: true }), 403],
      ['not valid yet', sign({ ...good, nbf: now + 120 }), 403],
      ['another room', sign({ ...good, room: 'b' }), 403],
      ['only for watching', sign({ ...good, publish: false, watch: true }), 403],
      ['alg none, signed', sign(good, { alg: 'none' }), 403],
      ['alg none, not signed', `${encode({ alg: 'none' })}.${encode(good)}.`, 403],
      ['another claim, the old signature', sign(good).replace(/\..*\./, `.${encode({ ...good, room: 'c' })}.`), 403],
      ['rubbish', 'a.b.c', 403],
    ];
    for (const [what, token, status] of CASES) assert.equal((await post(server, 'a', token)).status, status, what);
    const watch = await fetch(`${server.url}/whep/a`, { method: 'POST', body: 'v=0', headers: { 'Content-Type': 'application/sdp' } });
    assert.equal(watch.status, 401);
  },
};
