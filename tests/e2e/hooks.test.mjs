// The operator's HTTP hooks, with a real HTTP server on their side: WHIP, WHEP, WebSocket and Socket.IO are let in and
// refused, and every session that was let in is told of once more when it ends.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import WebSocket from 'ws';
import { freePort, outputFolder, root, Server } from './server.mjs';

const offer = (name) => readFileSync(path.join(root, 'tests/signaling/offers', name), 'utf8');
const PUBLISH = offer('chromium-publish.sdp');
const WATCH = offer('chromium-watch.sdp');

async function until(what, condition, withinMs = 10000) {
  for (const end = Date.now() + withinMs; Date.now() < end; await sleep(20)) if (await condition()) return;
  assert.fail(`not in ${withinMs} ms: ${what}`);
}

/** The operator's side: keeps what it is sent, answers what the test wants. */
class Operator {
  static async start(cleanup) {
    const operator = new Operator();
    operator.calls = [];
    operator.held = [];
    operator.allow();
    operator.http = http.createServer(async (request, response) => {
      let body = '';
      for await (const part of request) body += part;
      const call = { ...JSON.parse(body), path: request.url, type: request.headers['content-type'] };
      operator.calls.push(call);
      operator.answer(response, call);
    });
    operator.http.listen(await freePort(), '127.0.0.1');
    await once(operator.http, 'listening');
    operator.url = `http://127.0.0.1:${operator.http.address().port}`;
    cleanup.later(() => operator.stop());
    return operator;
  }

  stop() {
    this.http.closeAllConnections();
    return new Promise((resolve) => { this.http.close(resolve); });
  }

  say(status, body = '', headers = {}) {
    this.answer = (response) => { response.writeHead(status, headers); response.end(body); };
  }

  allow() {
    this.say(200, '{"code":0}');
  }

  /** Asked, and not answered before let(). Ends are answered. */
  hold() {
    this.answer = (response, call) => {
      if (['on_publish', 'on_play'].includes(call.action)) this.held.push(response);
      else response.end('0');
    };
  }

  let(body = '0') {
    this.held.splice(0).forEach((response) => response.end(body));
  }

  of(action) {
    return this.calls.filter((call) => call.action === action);
  }

  async told(action, count) {
    await until(`${count} ${action}`, () => this.of(action).length >= count);
    assert.equal(this.of(action).length, count);
  }

  settings(more = {}) {
    const hooks = ['on-publish', 'on-unpublish', 'on-play', 'on-stop'];
    return { ...Object.fromEntries(hooks.map((name) => [`hooks-${name}`, `${this.url}/${name}?key=secret`])), ...more };
  }
}

async function setUp(cleanup, settings) {
  const operator = await Operator.start(cleanup);
  const server = await Server.start(operator.settings(settings));
  cleanup.later(() => server.down());
  return { operator, server };
}

const post = (server, route, sdp, options = {}) =>
  fetch(server.url + route, { method: 'POST', body: sdp, headers: { 'Content-Type': 'application/sdp', 'User-Agent': 'OBS-Test/32', ...options.headers }, ...options });

/** A client of /ws that has joined. */
async function join(cleanup, server, room) {
  const socket = new WebSocket(`ws://localhost:${server.port}/ws`, { headers: { 'User-Agent': 'Page/1.0' } });
  const got = [];
  socket.on('message', (data) => got.push(JSON.parse(data)));
  cleanup.later(() => socket.terminate());
  await once(socket, 'open');
  const client = {
    socket,
    send: (message) => socket.send(JSON.stringify(message)),
    async next(type, which = () => true) {
      let found;
      await until(`${type} on the socket`, () => { found = got.find((each) => each.type === type && which(each)); return found; });
      got.splice(got.indexOf(found), 1);
      return found;
    },
  };
  client.send({ type: 'join', room, name: 'Ann' });
  client.joined = await client.next('joined');
  return client;
}

/** Joins by Socket.IO (its packets by hand) and offers; answers what the acknowledgement of that says. */
async function socketioOffer(cleanup, server, room) {
  const socket = new WebSocket(`ws://localhost:${server.port}/socket.io/?EIO=4&transport=websocket`);
  const got = [];
  socket.on('message', (data) => got.push(String(data)));
  cleanup.later(() => socket.terminate());
  await once(socket, 'open');
  socket.send('40');
  socket.send(`420${JSON.stringify(['join', { room }])}`);
  socket.send(`421${JSON.stringify(['offer', { id: 'p', publish: 'camera', sdp: PUBLISH }])}`);
  const prefix = '431';
  await until('the acknowledgement', () => got.some((packet) => packet.startsWith(prefix)));
  const [answer] = JSON.parse(got.find((packet) => packet.startsWith(prefix)).slice(prefix.length));
  return [answer.type, answer.code, answer.message];
}

const refusal = async (answer) => [answer.status, (await answer.json()).title];

export default {
  async 'WHIP, WHEP and WebSocket are asked about, let in, and told of at their ends'(cleanup) {
    const { operator, server } = await setUp(cleanup);
    const whip = await post(server, '/whip/room', PUBLISH);
    assert.equal(whip.status, 201);
    const whep = await post(server, '/whep/room', WATCH);
    assert.equal(whep.status, 201);
    const client = await join(cleanup, server, 'room');
    client.send({ type: 'offer', id: 'p', publish: 'camera', sdp: PUBLISH });
    assert.match((await client.next('answer')).sdp, /^v=0/);
    client.send({ type: 'offer', id: 'w', subscribe: 'main', sdp: WATCH });
    await client.next('answer');

    const [first, second] = operator.of('on_publish');
    assert.deepEqual(
      { ...first, server_id: typeof first.server_id, session: typeof first.session },
      {
        action: 'on_publish', path: '/on-publish?key=secret', type: 'application/json', server_id: 'string',
        session: 'number', client_id: String(first.session), room: 'room', app: 'room', stream: 'main', via: 'whip',
        address: first.ip, ip: first.ip, name: '', subject: '', user_agent: 'OBS-Test/32',
      },
    );
    assert.match(first.ip, /127\.0\.0\.1|::1/);
    assert.deepEqual([second.via, second.stream, second.name, second.user_agent], ['websocket', 'camera', 'Ann', 'Page/1.0']);
    assert.deepEqual(operator.of('on_play').map((call) => call.via), ['whep', 'websocket']);

    // Each of the four ends in a way of its own; a page that ends one by bye, a room that closes under the others.
    assert.equal((await fetch(server.url + whep.headers.get('location'), { method: 'DELETE' })).status, 200);
    await operator.told('on_stop', 1);
    assert.deepEqual([operator.of('on_stop')[0].session, operator.of('on_stop')[0].reason], [operator.of('on_play')[0].session, 'bye']);
    client.send({ type: 'bye', id: 'p', end: true });
    await operator.told('on_unpublish', 1);
    assert.equal(operator.of('on_unpublish')[0].session, second.session);
    assert.equal(await server.down(), 0); // and the last two as the server stops
    await operator.told('on_unpublish', 2);
    await operator.told('on_stop', 2);
    assert.deepEqual(new Set(operator.of('on_stop').map((call) => call.session)), new Set(operator.of('on_play').map((call) => call.session)));
  },

  async 'a refusal says why, a hook that is down closes the door, or leaves it open'(cleanup) {
    const { operator, server } = await setUp(cleanup, { 'hooks-timeout-ms': 300 });
    const open = await Server.start(operator.settings({ 'hooks-timeout-ms': 300, 'hooks-when-down': 'open' }));
    cleanup.later(() => open.down());
    const none = "The operator's server does not allow this.";
    const down = "The operator's server does not answer now; try again.";
    const CASES = [
      // what the hook says, the status and title that the client gets, the status with an open door
      ['a code', () => operator.say(200, '{"code":7,"msg":"余额不足\\u0007"}'), [403, '余额不足 '], 403],
      ['a number', () => operator.say(200, '1'), [403, none], 403],
      ['403', () => operator.say(403, '{"reason":"not you"}'), [403, 'not you'], 403],
      ['404 with a page', () => operator.say(404, '<html>'), [403, none], 403],
      ['rubbish', () => operator.say(200, '<html>welcome'), [503, down], 201],
      ['an object without a code', () => operator.say(200, '{"ok":true}'), [503, down], 201],
      ['too much', () => operator.say(200, `{"code":0,"data":"${'x'.repeat(100000)}"}`), [503, down], 201],
      ['500', () => operator.say(500, 'sorry'), [503, down], 201],
      ['a redirect', () => operator.say(302, '', { Location: `${operator.url}/elsewhere` }), [503, down], 201],
      ['a cut', () => { operator.answer = (response) => response.destroy(); }, [503, down], 201],
      ['a hang', () => { operator.answer = () => {}; }, [503, down], 201],
      ['204', () => operator.say(204), [201, undefined], 201],
    ];
    let room = 0;
    for (const [what, say, closed, opened] of CASES) {
      say();
      const answer = await post(server, `/whip/${++room}`, PUBLISH);
      if (closed[0] === 201) assert.equal(answer.status, 201, what);
      else assert.deepEqual(await refusal(answer), closed, what);
      assert.equal(answer.headers.get('retry-after') !== null, closed[0] === 503, `${what}: Retry-After`);
      assert.equal((await post(open, `/whip/${room}`, PUBLISH)).status, opened, `${what}, open`);
    }
    assert.equal(operator.calls.some((call) => call.path === '/elsewhere'), false, 'redirects are not followed');
    assert.equal(await server.metric('manycast_hook_calls_total{hook="on_publish",result="refused"}'), 4);
    assert.equal(await server.metric('manycast_hook_calls_total{hook="on_publish",result="timeout"}'), 1);
    assert.equal(await server.metric('manycast_hook_calls_total{hook="on_publish",result="ok"}'), 1);

    operator.say(200, '{"code":5,"reason":"members only"}');
    const client = await join(cleanup, server, '1');
    client.send({ type: 'offer', id: 'p', publish: 'camera', sdp: PUBLISH });
    const error = await client.next('error');
    assert.deepEqual([error.code, error.message, error.re, error.id], ['forbidden', 'members only', 'offer', 'p']);
    assert.deepEqual(await socketioOffer(cleanup, server, '1'), ['failed', 'forbidden', 'members only']);
    await operator.stop();
    assert.deepEqual(await refusal(await post(server, '/whip/down', PUBLISH)), [503, down]);
    assert.equal((await post(open, '/whip/down', PUBLISH)).status, 201);
    assert.doesNotMatch(readFileSync(path.join(outputFolder, 'server.log'), 'utf8'), /key=secret/);
  },

  async 'who waits holds up nobody, and who leaves meanwhile leaves nothing'(cleanup) {
    const { operator, server } = await setUp(cleanup, { 'hooks-timeout-ms': 5000 });
    operator.hold();
    const client = await join(cleanup, server, 'room');
    client.send({ type: 'offer', id: 'p', publish: 'main', sdp: PUBLISH });
    client.send({ type: 'candidate', id: 'p', candidate: { candidate: 'candidate:1 1 udp 2130706431 127.0.0.1 40000 typ host', sdpMid: '0' } });
    client.send({ type: 'offer', id: 'p', publish: 'main', sdp: PUBLISH });
    assert.equal((await client.next('error')).code, 'too-fast');
    client.send({ type: 'chat', text: 'still here' });
    await client.next('chat');
    await operator.told('on_publish', 1);
    operator.let();
    await client.next('answer');
    client.send({ type: 'candidate', id: 'p', candidate: null });

    // One leaves by hanging up, one by losing its socket, one by bye, one offers what the room no longer has.
    const leaving = new AbortController();
    const gone = post(server, '/whep/room', WATCH, { signal: leaving.signal }).catch(() => 'gone');
    const other = await join(cleanup, server, 'room');
    other.send({ type: 'offer', id: 'w', subscribe: 'main', sdp: WATCH });
    client.send({ type: 'offer', id: 'w', subscribe: 'main', sdp: WATCH });
    await operator.told('on_play', 3);
    leaving.abort();
    assert.equal(await gone, 'gone');
    other.socket.terminate();
    client.send({ type: 'bye', id: 'w' });
    await client.next('bye');
    await until('two are in the room', async () => (await server.json('/api/rooms')).rooms[0].viewers === 0);
    operator.let();
    await operator.told('on_stop', 3);
    assert.deepEqual(operator.of('on_stop').map((call) => call.reason), ['left', 'left', 'left']);
    assert.equal(await server.metric('manycast_viewers'), 0);
    client.send({ type: 'bye', id: 'p', end: true });
    await operator.told('on_unpublish', 1);

    // Refused after all: nothing to tell.
    const late = join(cleanup, server, 'late');
    (await late).send({ type: 'offer', id: 'p', publish: 'main', sdp: PUBLISH });
    await operator.told('on_publish', 2);
    (await late).socket.terminate();
    operator.let('1');
    await until('it was counted', async () => (await server.metric('manycast_hook_calls_total{hook="on_publish",result="refused"}')) === 1);
    assert.equal(operator.of('on_unpublish').length, 1);
    assert.equal(await server.metric('manycast_publishers'), 0);

    // Asked as the server stops, let in too late: told.
    const last = post(server, '/whip/last', PUBLISH).then((answer) => answer.status, () => 'cut');
    await operator.told('on_publish', 3);
    const ended = server.down();
    await sleep(500);
    operator.let();
    assert.equal(await ended, 0);
    assert.notEqual(await last, 201);
    await operator.told('on_unpublish', 2);
  },

  async 'SIGHUP changes the addresses, and a bad one is refused'(cleanup) {
    const operator = await Operator.start(cleanup);
    const file = path.join(outputFolder, `hooks-${process.pid}.conf`);
    const write = (url) => writeFileSync(file, `[hooks]\non_publish = ${url}\n`);
    write('');
    const server = await Server.start({ config: file });
    cleanup.later(() => server.down());
    assert.equal((await post(server, '/whip/a', PUBLISH)).status, 201);
    assert.equal(operator.calls.length, 0);
    operator.say(403);
    write(`${operator.url}/new`);
    server.child.kill('SIGHUP');
    let room = 0;
    await until('the hook is asked', async () => (await post(server, `/whip/b${++room}`, PUBLISH)).status === 403);
    assert.equal(operator.calls[0].path, '/new');
    write('ftp://127.0.0.1/');
    server.child.kill('SIGHUP');
    await until('the error is logged', () => readFileSync(path.join(outputFolder, 'server.log'), 'utf8').includes('nothing was reloaded: hooks.on_publish must be'));
    assert.equal((await post(server, '/whip/c', PUBLISH)).status, 403);
  },

  async 'a crowd is asked about a few at a time'(cleanup) {
    const { operator, server } = await setUp(cleanup, { 'hooks-calls': 4 });
    let now = 0;
    let most = 0;
    operator.answer = async (response) => {
      most = Math.max(most, ++now);
      await sleep(5);
      now--;
      response.end('0');
    };
    assert.equal((await post(server, '/whip/room', PUBLISH)).status, 201);
    const statuses = await Promise.all(Array.from({ length: 100 }, async () => (await post(server, '/whep/room', WATCH)).status));
    assert.deepEqual([...new Set(statuses)], [201]);
    assert.ok(most <= 4 && most > 1, `${most} at a time`);
    assert.equal(await server.down(), 0);
    await operator.told('on_stop', 100);
  },
};
