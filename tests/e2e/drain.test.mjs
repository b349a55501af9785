// Leaving politely: a drain with a successor on the same port, a drain without one, and a crash.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import WebSocket from 'ws';
import { chromium, close, open, until } from './browsers.mjs';
import { seesMotion } from './senses.mjs';
import { freePort, root, Server, stop } from './server.mjs';

const CROWD = 1000;
const isPlaying = () => window.manycast?.state === 'playing';
const isLive = () => window.manycast?.state === 'live';

async function setUp(cleanup, settings) {
  const server = await Server.start(settings);
  cleanup.later(() => server.down());
  return server;
}

/** Joins the room; answers when and how the socket was told to go, and when it was closed. */
async function member(cleanup, server, room) {
  const socket = new WebSocket(`${server.url.replace('http', 'ws')}/ws`);
  const told = {};
  cleanup.later(() => socket.terminate());
  socket.on('error', () => {});
  socket.on('close', () => { told.closedAt = Date.now(); });
  await once(socket, 'open');
  const joined = new Promise((resolve) => {
    socket.on('message', (data) => {
      const message = JSON.parse(data);
      if (message.type === 'joined') resolve();
      if (message.type === 'reconnect') Object.assign(told, { at: Date.now(), afterMs: message.after_ms });
    });
  });
  socket.send(JSON.stringify({ type: 'join', room }));
  await joined;
  return { socket, told };
}

/** Makes a WHEP session that listens to its events; answers a promise of its being told to reconnect. */
async function listen(server, room, offer) {
  const created = await fetch(`${server.url}/whep/${room}`, {
    method: 'POST', headers: { 'content-type': 'application/sdp' }, body: offer,
  });
  assert.equal(created.status, 201);
  const [, link] = /<([^>]+)>; rel="urn:ietf:params:whep:ext:core:server-sent-events"/.exec(created.headers.get('link'));
  const subscribed = await fetch(server.url + link, {
    method: 'POST', headers: { 'content-type': 'application/json' }, body: '["reconnect"]',
  });
  assert.equal(subscribed.status, 201);
  const stream = await fetch(server.url + subscribed.headers.get('location'));
  return { told: (async () => {
    let text = '';
    for await (const part of stream.body.pipeThrough(new TextDecoderStream())) {
      text += part;
      if (text.includes('event: reconnect\ndata: {}\n\n')) return;
    }
    throw new Error(`not told to reconnect: ${text}`);
  })() };
}

async function goLive(browser, server, room) {
  const page = await open(browser, `${server.url}/live/${room}`);
  await page.waitForSelector('#go-live');
  await page.evaluate(() => document.getElementById('source-test').click());
  await page.click('#go-live');
  await until(page, 'live', isLive, undefined, 20000);
  return page;
}

export default {
  async 'a second server on the same port takes a drained one\'s broadcaster and viewers over'(cleanup) {
    const shared = { 'http-port': await freePort(), 'http-share-port': 'yes', 'drain-seconds': 12 };
    const first = await setUp(cleanup, shared);
    const browser = await chromium();
    cleanup.later(() => close(browser));
    const studio = await goLive(browser, first, 'moving');
    const page = await open(browser, `${first.url}/watch/moving`);
    await until(page, 'playing', isPlaying, undefined, 20000);
    const second = await Server.start(shared);
    cleanup.later(() => second.down());
    await page.evaluate(() => {
      window.connectionBefore = window.manycast.peerConnection;
      window.darkMs = 0;
      window.setInterval(() => { window.darkMs += window.manycast.state === 'playing' ? 0 : 50; }, 50);
    });
    const ended = once(first.child, 'exit');
    first.child.kill('SIGTERM');
    await until(page, 'with the second server', () => window.manycast.peerConnection !== window.connectionBefore
      && window.manycast.state === 'playing', undefined, 20000);
    await until(studio, 'live', isLive, undefined, 20000);
    await seesMotion(page);
    assert.deepEqual(await ended, [0, null]);
    const darkMs = await page.evaluate(() => window.darkMs);
    assert.ok(darkMs < 5000, `no picture for ${darkMs} ms`);
    await until(page, 'playing', isPlaying);
    assert.equal(await second.metric('manycast_publishers'), 1);
  },

  async 'a thousand are told within the time, nobody is cut before it, and the second signal ends it'(cleanup) {
    const server = await setUp(cleanup, { 'drain-seconds': 8 });
    const members = [];
    for (let i = 0; i < CROWD; i += 100) {
      members.push(...await Promise.all(Array.from({ length: 100 }, () => member(cleanup, server, 'crowd'))));
    }
    const began = Date.now();
    const ended = once(server.child, 'exit').then((result) => ({ result, ms: Date.now() - began }));
    server.child.kill('SIGTERM');
    while (members.some(({ told }) => told.at === undefined)) {
      assert.ok(Date.now() - began < 8000, 'not all were told');
      await new Promise((resolve) => { setTimeout(resolve, 50); });
    }
    const latest = Math.max(...members.map(({ told }) => told.afterMs));
    assert.ok(latest > 4000 && latest < 8000, `sent away over ${latest} ms`);
    assert.equal((await fetch(`${server.url}/readyz`)).status, 503);
    const { result, ms } = await ended;
    assert.deepEqual(result, [0, null]);
    assert.ok(ms >= 7900, `ended after ${ms} ms`);
    assert.ok(members.every(({ told }) => told.closedAt === undefined || told.closedAt - began >= 7000), 'cut before the end');
    const again = await setUp(cleanup, { 'drain-seconds': 600 });
    await member(cleanup, again, 'crowd');
    const twice = once(again.child, 'exit');
    again.child.kill('SIGTERM');
    while ((await fetch(`${again.url}/readyz`)).status !== 503);
    again.child.kill('SIGINT');
    assert.deepEqual(await twice, [0, null]);
  },

  async 'WHEP players that listen to events are told to reconnect, each at its time'(cleanup) {
    const server = await setUp(cleanup, { 'drain-seconds': 8 });
    const publisher = server.publish('events');
    cleanup.later(() => stop(publisher));
    await server.isLive('events');
    const offer = readFileSync(path.join(root, 'tests/signaling/offers/chromium-watch.sdp'), 'utf8');
    const players = await Promise.all(Array.from({ length: 50 }, () => listen(server, 'events', offer)));
    const began = Date.now();
    const ended = once(server.child, 'exit');
    server.child.kill('SIGTERM');
    const times = await Promise.all(players.map(async ({ told }) => {
      await told;
      return Date.now() - began;
    }));
    times.sort((a, b) => a - b);
    assert.ok(times[0] >= 900 && times.at(-1) < 8000, `told after ${times[0]} to ${times.at(-1)} ms`);
    assert.ok(times[37] - times[12] > 1000, `half of them within ${times[37] - times[12]} ms`);
    assert.deepEqual(await ended, [0, null]);
  },

  async 'a crashed server that is started again has its pages back within 3 s'(cleanup) {
    const server = await setUp(cleanup);
    const browser = await chromium();
    cleanup.later(() => close(browser));
    const studio = await goLive(browser, server, 'crash');
    const page = await open(browser, `${server.url}/watch/crash`);
    await until(page, 'playing', isPlaying, undefined, 20000);
    const connection = () => window.manycast.peerConnection;
    await page.evaluate((which) => { window.before = window.eval(which)(); }, `(${connection})`);
    server.child.kill('SIGKILL');
    await once(server.child, 'exit');
    await server.up();
    const began = Date.now();
    await until(studio, 'live', isLive, undefined, 20000);
    await until(page, 'playing again', () => window.manycast.peerConnection !== null
      && window.manycast.peerConnection !== window.before && window.manycast.state === 'playing', undefined, 20000);
    const ms = Date.now() - began;
    console.log(`      back after ${ms} ms`);
    assert.ok(ms < 3000 * Number(process.env.SLOW ?? 1), `back after ${ms} ms`);
    await seesMotion(page);
  },
};
