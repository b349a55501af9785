// The WebSocket protocol (PROTOCOL.md section 3) and the plain relay against the real server, by a client that is no
// browser: offers of real ones, answers read, no media.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import WebSocket from 'ws';
import { root, Server } from './server.mjs';

const ANSWER_MS_MAX = 5000;

const offerOf = (name) =>
  readFileSync(path.join(root, 'tests/signaling/offers', `${name}.sdp`), 'utf8').replace(/\r?\n/g, '\r\n');
const PUBLISH = offerOf('chromium-publish');
const WATCH = offerOf('chromium-watch');

/** A socket that keeps what comes until someone asks for it. */
class Client {
  #messages = [];
  #waiting = [];

  constructor(socket) {
    this.socket = socket;
    socket.on('message', (data) => {
      this.#messages.push(JSON.parse(data));
      this.#waiting.splice(0).forEach((wake) => wake());
    });
    this.closed = once(socket, 'close').then(([code]) => code);
  }

  static async open(cleanup, server, where = '/ws') {
    const socket = new WebSocket(`ws://127.0.0.1:${server.port}${where}`);
    socket.on('error', () => {});
    cleanup.later(() => socket.terminate());
    const client = new Client(socket);
    await once(socket, 'open');
    return client;
  }

  send(message) {
    this.socket.send(typeof message === 'string' ? message : JSON.stringify(message));
  }

  /** Takes the first message of that type, waiting for it; the others stay. */
  async take(type) {
    const until = Date.now() + ANSWER_MS_MAX;
    for (;;) {
      const at = this.#messages.findIndex((message) => message.type === type);
      if (at >= 0) return this.#messages.splice(at, 1)[0];
      assert.ok(Date.now() < until, `no ${type} came, but ${JSON.stringify(this.#messages)}`);
      await Promise.race([new Promise((resolve) => { this.#waiting.push(resolve); }), sleep(200)]);
    }
  }

  async ask(message, type) {
    this.send(message);
    return this.take(type);
  }

  async refused(message, code) {
    const error = await this.ask(message, 'error');
    assert.equal(error.code, code);
    assert.equal(typeof error.message, 'string');
    return error;
  }

  get pending() {
    return this.#messages.map(({ type }) => type);
  }
}

async function setUp(cleanup, settings) {
  const server = await Server.start(settings);
  cleanup.later(() => server.down());
  return server;
}

async function joined(cleanup, server, fields = {}) {
  const client = await Client.open(cleanup, server);
  client.welcome = await client.ask({ type: 'join', room: '直播间1', name: 'Ann', ...fields }, 'joined');
  return client;
}

export default {
  'join, chat, viewers, leave': async (cleanup) => {
    const server = await setUp(cleanup, {});
    const ann = await joined(cleanup, server);
    const bob = await joined(cleanup, server, { name: 'Bob' });
    assert.equal(bob.welcome.room, '直播间1');
    assert.equal(bob.welcome.viewers, 2);
    assert.deepEqual(bob.welcome.streams, []);
    assert.ok(Array.isArray(bob.welcome.iceServers) && Array.isArray(bob.welcome.chat));
    const text = '弹幕😀';
    ann.send({ type: 'chat', text });
    const line = await bob.take('chat');
    assert.equal(line.text, text);
    assert.equal(line.name, 'Ann');
    assert.equal(line.from, ann.welcome.you);
    assert.ok(Math.abs(line.at - Date.now()) < 5000);
    const late = await joined(cleanup, server);
    assert.equal(late.welcome.chat.at(-1).text, text);
    let count;
    do ({ count } = await ann.take('viewers')); while (count !== 3);
    await late.ask({ type: 'leave' }, 'left');
    do ({ count } = await ann.take('viewers')); while (count !== 2);
    assert.deepEqual(await ann.ask({ type: 'ping' }, 'pong'), { type: 'pong' });
  },

  'publish, watch in the meantime, take over, end': async (cleanup) => {
    const server = await setUp(cleanup, {});
    const ann = await joined(cleanup, server);
    const bob = await joined(cleanup, server);
    await bob.refused({ type: 'offer', id: 'down', subscribe: 'main', sdp: WATCH }, 'no-stream');
    const answer = await ann.ask({ type: 'offer', id: 'up', publish: 'main', sdp: PUBLISH }, 'answer');
    assert.equal(answer.id, 'up');
    assert.match(answer.sdp, /^v=0\r\n/);
    assert.match(answer.sdp, /a=recvonly\r\n/);
    assert.match(answer.sdp, /a=candidate:.* typ host/);
    ann.send({ type: 'candidate', id: 'up', candidate: { candidate: 'candidate:1 1 udp 1 192.0.2.1 9 typ host', sdpMid: '0' } });
    ann.send({ type: 'candidate', id: 'up', candidate: null });

    const down = await bob.ask({ type: 'offer', id: 'down', subscribe: 'main', sdp: WATCH }, 'answer');
    assert.match(down.sdp, /a=ice-lite\r\n/);
    assert.match(down.sdp, /a=sendonly\r\n/);
    const again = await bob.ask({ type: 'offer', id: 'down', subscribe: 'main', sdp: WATCH }, 'answer');
    assert.equal(/a=ice-ufrag:(\S+)/.exec(again.sdp)[1], /a=ice-ufrag:(\S+)/.exec(down.sdp)[1]);
    const fresh = WATCH.replace(/a=ice-ufrag:\S+/g, 'a=ice-ufrag:FRESH');
    const restarted = await bob.ask({ type: 'offer', id: 'down', subscribe: 'main', sdp: fresh }, 'answer');
    assert.notEqual(/a=ice-ufrag:(\S+)/.exec(restarted.sdp)[1], /a=ice-ufrag:(\S+)/.exec(down.sdp)[1]);
    const upAgain = PUBLISH.replace(/a=ice-ufrag:\S+/g, 'a=ice-ufrag:FRESH');
    const upRestarted = await ann.ask({ type: 'offer', id: 'up', publish: 'main', sdp: upAgain }, 'answer');
    assert.notEqual(/a=ice-ufrag:(\S+)/.exec(upRestarted.sdp)[1], /a=ice-ufrag:(\S+)/.exec(answer.sdp)[1]);

    await bob.ask({ type: 'offer', id: 'up', publish: 'main', sdp: PUBLISH }, 'answer');
    const bye = await ann.take('bye');
    assert.deepEqual([bye.id, bye.reason], ['up', 'taken-over']);
    bob.send({ type: 'bye', id: 'up', end: true });
    const byes = [await bob.take('bye'), await bob.take('bye')];
    assert.deepEqual(byes.map(({ id, reason }) => [id, reason]).sort(), [['down', 'stream-ended'], ['up', undefined]]);
    await bob.refused({ type: 'offer', id: 'down', subscribe: 'main', sdp: WATCH }, 'no-stream');
  },

  'errors answer what they are about': async (cleanup) => {
    const server = await setUp(cleanup, {});
    const client = await Client.open(cleanup, server);
    const cases = [
      // what is sent, the code, re, id
      ['{', 'bad-json', null],
      ['[1]', 'bad-message', null],
      [{ type: 'dance' }, 'unknown-type', 'dance'],
      [{ type: 'chat', text: 'a' }, 'not-joined', 'chat'],
      [{ type: 'join', room: 'a/b' }, 'bad-room', 'join'],
      [{ type: 'join', room: 'a'.repeat(65) }, 'bad-room', 'join'],
      [{ type: 'join' }, 'bad-message', 'join'],
    ];
    for (const [message, code, re] of cases) assert.equal((await client.refused(message, code)).re, re);
    await client.ask({ type: 'join', room: 'a' }, 'joined');
    const joinedCases = [
      [{ type: 'offer', id: 'x', publish: 'main', sdp: 'hello' }, 'bad-sdp', 'offer'],
      [{ type: 'offer', id: 'x', subscribe: 'main', sdp: WATCH }, 'no-stream', 'offer'],
      [{ type: 'bye', id: 'x' }, 'bad-message', 'bye'],
    ];
    for (const [message, code, re] of joinedCases) {
      const error = await client.refused(message, code);
      assert.deepEqual([error.re, error.id], [re, 'x']);
    }
    client.socket.send(Buffer.from([1, 2, 3]));
    assert.equal((await client.take('error')).code, 'bad-message');
    client.send(JSON.stringify({ type: 'chat', text: 'x'.repeat(70000) }));
    assert.equal((await client.take('error')).code, 'too-large');
    assert.equal(await client.closed, 1009);
  },

  'a lost socket is resumed, its media goes on': async (cleanup) => {
    const server = await setUp(cleanup, {});
    const ann = await joined(cleanup, server);
    await ann.ask({ type: 'offer', id: 'up', publish: 'main', sdp: PUBLISH }, 'answer');
    ann.socket.terminate();
    await ann.closed;
    const back = await joined(cleanup, server, { resume: ann.welcome.resume });
    assert.equal(back.welcome.you, ann.welcome.you);
    assert.notEqual(back.welcome.resume, ann.welcome.resume);
    await back.ask({ type: 'bye', id: 'up' }, 'bye');
  },

  'a key is asked for where one is set': async (cleanup) => {
    const server = await setUp(cleanup, { 'auth-publish-key': 'secret' });
    const offer = { type: 'offer', id: 'up', publish: 'main', sdp: PUBLISH };
    await (await joined(cleanup, server)).refused(offer, 'forbidden');
    await (await joined(cleanup, server, { token: 'guess' })).refused(offer, 'forbidden');
    await (await joined(cleanup, server, { token: 'secret' })).ask(offer, 'answer');
  },

  'a flood is refused, the others are served': async (cleanup) => {
    const server = await setUp(cleanup, { 'limits-message-burst': '50', 'limits-messages-per-second': '20' });
    const noisy = await joined(cleanup, server);
    const calm = await joined(cleanup, server);
    for (let i = 0; i < 200; i++) noisy.send({ type: 'ping' });
    assert.equal((await noisy.take('error')).code, 'too-fast');
    await calm.ask({ type: 'ping' }, 'pong');
    assert.equal(noisy.socket.readyState, WebSocket.OPEN);
  },

  'SIGTERM tells everybody to reconnect': async (cleanup) => {
    const server = await setUp(cleanup, {});
    const ann = await joined(cleanup, server);
    const began = Date.now();
    server.child.kill('SIGTERM');
    assert.ok((await ann.take('reconnect')).after_ms > 0);
    const [code] = await once(server.child, 'exit');
    assert.equal(code, 0);
    assert.ok(Date.now() - began < 3000);
  },

  'the relay passes objects on within a room': async (cleanup) => {
    const server = await setUp(cleanup, {});
    const one = await Client.open(cleanup, server, '/signaling/%E7%9B%B4');
    const two = await Client.open(cleanup, server, '/signaling/%e7%9b%b4');
    const lobby = await Client.open(cleanup, server, '/signaling');
    const message = { type: 'offer', sdp: 'v=0', nested: [1.5, { a: null }] };
    assert.deepEqual(await (one.send(message), two.take('offer')), message);
    await one.refused('hello', 'bad-json');
    await one.refused({ no: 'type' }, 'bad-message');
    two.send({ type: 'answer' });
    await one.take('answer');
    assert.deepEqual(lobby.pending, []);
  },
};
