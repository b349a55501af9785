// Bad input at the front door: HTTP framing, WebSocket upgrades, datagrams from strangers. A table with a line a case.
import assert from 'node:assert/strict';
import dgram from 'node:dgram';
import { once } from 'node:events';
import net from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import WebSocket from 'ws';
import { Server } from './server.mjs';

async function setUp(cleanup, settings) {
  const server = await Server.start(settings);
  cleanup.later(() => server.down());
  return server;
}

/** Sends text as it is; answers what came back until the server closed or `waitMs` passed. */
function raw(port, text, waitMs = 1500) {
  return new Promise((resolve) => {
    const connection = net.connect(port, '127.0.0.1');
    let received = '';
    let done = false;
    const end = (closed) => {
      if (done) return;
      done = true;
      connection.destroy();
      const statuses = [...received.matchAll(/HTTP\/1\.[01] (\d{3})/g)].map((match) => Number(match[1]));
      resolve({ received, closed, statuses });
    };
    connection.on('data', (data) => { received += data; });
    connection.on('close', () => end(true));
    connection.on('error', () => end(true));
    connection.write(text);
    setTimeout(() => end(false), waitMs);
  });
}

const upgrade = ({ method = 'GET', path = '/ws', version = '13', extra = '' } = {}) =>
  `${method} ${path} HTTP/1.1\r\nHost: here\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
  `Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: ${version}\r\n${extra}\r\n`;

const SECOND = 'GET /healthz HTTP/1.1\r\nHost: here\r\n\r\n';

const FRAMING = [
  // what is sent, the one status that answers it
  ['two hosts', 'GET /healthz HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n', 400],
  ['a signed length', `POST /whip/a HTTP/1.1\r\nHost: a\r\nContent-Length: +5\r\n\r\nhello${SECOND}`, 400],
  ['a hexadecimal length', `POST /whip/a HTTP/1.1\r\nHost: a\r\nContent-Length: 0x5\r\n\r\nhello${SECOND}`, 400],
  ['two lengths', `POST /whip/a HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\nhello${SECOND}`, 400],
  ['a length and chunks', `POST /whip/a HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${SECOND}`, 411],
  ['chunks', `POST /whip/a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${SECOND}`, 411],
  ['no length', `POST /whip/a HTTP/1.1\r\nHost: a\r\n\r\n${SECOND}`, 411],
  ['a body too large', `POST /whip/a HTTP/1.1\r\nHost: a\r\nContent-Length: 65537\r\n\r\n`, 413],
  ['a body where none belongs', `GET /healthz HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello${SECOND}`, 400],
  ['another method', 'PUT /healthz HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nab', 405],
  ['a path too long', `GET /${'a'.repeat(2000)} HTTP/1.1\r\nHost: a\r\n\r\n`, 414],
];

const UPGRADES = [
  ['the real thing', upgrade(), 101],
  ['a wrong version', upgrade({ version: '99' }), 426],
  ['POST', upgrade({ method: 'POST' }), 405],
  ['another path', upgrade({ path: '/healthz' }), 404],
  ['a foreign origin', upgrade({ extra: 'Origin: https://elsewhere.example\r\n' }), 403],
  ['a foreign origin, with the name of a subprotocol', upgrade({ extra: 'Origin: https://elsewhere.example\r\nSec-WebSocket-Protocol: manycast\r\n' }), 403],
  ['our own origin', upgrade({ extra: 'Origin: https://ours.example\r\n' }), 101],
];

export default {
  async 'request framing that smuggles is refused, and the connection closed'(cleanup) {
    const server = await setUp(cleanup);
    for (const [what, text, status] of FRAMING) {
      const answer = await raw(server.port, text);
      assert.deepEqual(answer.statuses, [status], what);
      assert.equal(answer.closed, true, `${what}: closed`);
    }
    assert.equal((await fetch(`${server.url}/healthz`)).status, 200);
  },

  async 'upgrades are admitted in one place'(cleanup) {
    const server = await setUp(cleanup, { 'http-origins': 'https://ours.example' });
    for (const [what, text, status] of UPGRADES)
      assert.deepEqual((await raw(server.port, text, 700)).statuses, [status], what);
  },

  async 'a WebSocket message is bounded over its fragments'(cleanup) {
    const server = await setUp(cleanup);
    const socket = new WebSocket(`ws://localhost:${server.port}/ws`);
    await once(socket, 'open');
    const closed = once(socket, 'close');
    const messages = [];
    socket.on('message', (data) => messages.push(JSON.parse(data)));
    for (let i = 0; i < 40; i++) socket.send('x'.repeat(2000), { fin: false });
    assert.equal((await closed)[0], 1009);
    assert.equal(messages.at(-1)?.code, 'too-large');
  },

  async 'rubbish in a WebSocket is answered, and the socket lives'(cleanup) {
    const server = await setUp(cleanup);
    const socket = new WebSocket(`ws://localhost:${server.port}/ws`);
    await once(socket, 'open');
    const ask = async (data) => {
      const answer = once(socket, 'message');
      socket.send(data);
      return JSON.parse((await answer)[0]);
    };
    const CASES = [
      ['not json', 'bad-json'],
      ['[1]', 'bad-message'],
      ['{"type":1}', 'bad-message'],
      ['{"type":"dance"}', 'unknown-type'],
      ['{"type":"chat","text":"hi"}', 'not-joined'],
      ['{"type":"join","room":""}', 'bad-room'],
      ['{"type":"join","room":"a/b"}', 'bad-room'],
      ['{"type":"join"}', 'bad-message'],
      [`${'['.repeat(5000)}${']'.repeat(5000)}`, 'bad-json'],
      [Buffer.from([1, 2, 3]), 'bad-message'],
    ];
    for (const [data, code] of CASES) assert.equal((await ask(data)).code, code, String(data).slice(0, 40));
    assert.equal((await ask('{"type":"ping"}')).type, 'pong');
    socket.close();
  },

  async 'strangers on the media port get nothing back'(cleanup) {
    const server = await setUp(cleanup);
    const stranger = dgram.createSocket('udp4');
    let answers = 0;
    stranger.on('message', () => { answers++; });
    const binding = Buffer.alloc(20);
    binding.writeUInt16BE(1, 0);
    binding.writeUInt32BE(0x2112a442, 4);
    const PACKETS = [
      binding, // STUN without a user
      Buffer.concat([Buffer.from([22, 254, 253]), Buffer.alloc(60)]), // a DTLS record
      Buffer.concat([Buffer.from([0x80, 96]), Buffer.alloc(40)]), // RTP
      Buffer.concat([Buffer.from([0x80, 200]), Buffer.alloc(40)]), // RTCP
      Buffer.alloc(0), Buffer.alloc(1), Buffer.alloc(1400, 0xff),
    ];
    for (let i = 0; i < 50; i++)
      for (const packet of PACKETS) stranger.send(packet, server.settings['media-port'], '127.0.0.1');
    await sleep(500);
    stranger.close();
    assert.equal(answers, 0);
    assert.equal((await fetch(`${server.url}/healthz`)).status, 200);
    assert.ok((await server.metric('manycast_drop_unknown_address_total')) > 0);
  },

  async 'idle and half-open connections do not keep others out'(cleanup) {
    const server = await setUp(cleanup);
    const idle = Array.from({ length: 300 }, () => net.connect(server.port, '127.0.0.1'));
    cleanup.later(() => idle.forEach((each) => each.destroy()));
    idle.forEach((each) => { each.on('error', () => {}); each.write('GET / HTTP/1.1\r\nHost: '); });
    await sleep(300);
    assert.equal((await fetch(`${server.url}/healthz`)).status, 200);
  },
};
