// X-Forwarded-For against the real server: what a trusted proxy tells is the client's address, for every way in, and what
// anybody else tells is nothing. No browser.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import WebSocket from 'ws';
import { outputFolder, root, Server } from './server.mjs';

const PUBLISH = readFileSync(path.join(root, 'tests/signaling/offers/chromium-publish.sdp'), 'utf8');
const PROXIES = '127.0.0.1 ::1 10.0.0.0/8';
const ADMIN = 'operators-key';

async function setUp(cleanup, settings) {
  const server = await Server.start(settings);
  cleanup.later(() => server.down());
  return server;
}

const by = (forwarded) => (forwarded === undefined ? {} : { 'X-Forwarded-For': forwarded });

/** forwarded: one header, or several of the same name. */
async function ask(server, method, where, forwarded, { body, ...headers } = {}) {
  const sent = http.request({ host: '127.0.0.1', port: server.port, path: where, method, headers: { ...by(forwarded), ...headers } });
  sent.end(body);
  const [answer] = await once(sent, 'response');
  let text = '';
  for await (const part of answer) text += part;
  return { status: answer.statusCode, text };
}

const publish = (server, room, forwarded) =>
  ask(server, 'POST', `/whip/${room}`, forwarded, { 'Content-Type': 'application/sdp', body: PUBLISH });

/** The status of a WebSocket handshake; who is let in stays. */
async function connect(cleanup, server, where, forwarded) {
  const socket = new WebSocket(`ws://127.0.0.1:${server.port}${where}`, { headers: by(forwarded) });
  cleanup.later(() => socket.terminate());
  return new Promise((resolve, reject) => {
    socket.on('open', () => resolve(101));
    socket.on('unexpected-response', (_, answer) => resolve(answer.statusCode));
    socket.on('error', reject);
  });
}

/** What the operator is told: the address of the one session in the room. */
async function toldAddress(server, room) {
  const { status, text } = await ask(server, 'GET', `/api/rooms/${room}`, undefined, { Authorization: `Bearer ${ADMIN}` });
  assert.equal(status, 200);
  const { sessions } = JSON.parse(text);
  assert.equal(sessions.length, 1);
  return sessions[0].address;
}

export default {
  async 'a trusted proxy tells who comes, by HTTP'(cleanup) {
    const server = await setUp(cleanup, { 'http-proxies': PROXIES, 'auth-admin-key': ADMIN, 'limits-sessions-per-address': 1 });
    const CASES = [
      // forwarded, status, address
      [undefined, 201, '127.0.0.1'],
      ['203.0.113.1', 201, '203.0.113.1'],
      ['203.0.113.2, 10.1.2.3', 201, '203.0.113.2'],
      ['[2001:DB8::5]:4711', 201, '2001:db8::5'],
      ['::ffff:203.0.113.3', 201, '203.0.113.3'],
      [['192.0.2.9, 10.0.0.9', '203.0.113.4, 10.1.2.3'], 201, '203.0.113.4'],
      [['192.0.2.8', '203.0.113.4'], 429],
      ['192.0.2.7, 203.0.113.1', 429],
      ['10.0.0.1, 203.0.113.1', 429],
      ['203.0.113.9, rubbish', 429],
    ];
    for (const [i, [forwarded, status, address]] of CASES.entries()) {
      assert.equal((await publish(server, `room-${i}`, forwarded)).status, status, String(forwarded));
      if (status === 201) assert.equal(await toldAddress(server, `room-${i}`), address, String(forwarded));
    }
  },

  async 'each client behind it has a rate and connections of its own'(cleanup) {
    const server = await setUp(cleanup, {
      'http-proxies': PROXIES, 'limits-requests-per-second': 1, 'limits-request-burst': 2, 'limits-connections-per-address': 1,
    });
    const flood = async (forwarded) => {
      const statuses = [];
      for (let i = 0; i < 10; i++) statuses.push((await ask(server, 'DELETE', '/session/none', forwarded)).status);
      return statuses;
    };
    assert.ok((await flood('203.0.113.1')).includes(429));
    assert.notEqual((await ask(server, 'DELETE', '/session/none', '203.0.113.2')).status, 429);

    assert.equal(await connect(cleanup, server, '/ws', '203.0.113.3'), 101);
    assert.equal(await connect(cleanup, server, '/ws', '192.0.2.1, 203.0.113.3'), 429);
    assert.equal(await connect(cleanup, server, '/ws', '203.0.113.4'), 101);

    const polling = '/socket.io/?EIO=4&transport=polling';
    assert.equal((await ask(server, 'GET', polling, '203.0.113.5')).status, 200);
    assert.notEqual((await ask(server, 'GET', polling, '10.0.0.1, 203.0.113.5')).status, 200);
    assert.equal((await ask(server, 'GET', polling, '203.0.113.6')).status, 200);

    const websocket = '/socket.io/?EIO=4&transport=websocket';
    assert.equal(await connect(cleanup, server, websocket, '203.0.113.7'), 101);
    assert.notEqual(await connect(cleanup, server, websocket, '203.0.113.7:4711'), 101);
    assert.equal(await connect(cleanup, server, websocket, '203.0.113.8'), 101);
  },

  async 'nobody else is believed, which is said once, until SIGHUP names the proxy'(cleanup) {
    const config = path.join(outputFolder, 'proxies.conf');
    const log = path.join(outputFolder, 'server.log');
    const before = readFileSync(log, { encoding: 'utf8', flag: 'a+' }).length;
    const news = () => readFileSync(log, 'utf8').slice(before);
    const write = (proxies) => writeFileSync(config, `[http]\nproxies = ${proxies}\n[limits]\nsessions_per_address = 1\n`);
    write('192.0.2.0/24');
    const server = await setUp(cleanup, { config, 'auth-admin-key': ADMIN });
    assert.equal((await publish(server, 'first', '203.0.113.1')).status, 201);
    assert.equal(await toldAddress(server, 'first'), '127.0.0.1');
    assert.equal((await publish(server, 'second', '203.0.113.2')).status, 429);

    write('192.0.2.0/24, 127.0.0.0/8');
    server.child.kill('SIGHUP');
    for (let tries = 0; !news().includes('main reloaded'); tries++) {
      assert.ok(tries < 100, 'it is not reloaded');
      await sleep(50);
    }
    assert.equal((await publish(server, 'third', '203.0.113.2')).status, 201);
    assert.equal(await toldAddress(server, 'third'), '203.0.113.2');
    assert.equal((await publish(server, 'fourth', '203.0.113.2')).status, 429);
    assert.equal(news().match(/X-Forwarded-For from 127\.0\.0\.1 is not believed/g)?.length, 1);
  },
};
