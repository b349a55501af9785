// Chat, lines over the picture, likes, and what a host may do, in real pages beside plain WebSocket clients.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import WebSocket from 'ws';
import { chromium, close, open, until } from './browsers.mjs';
import { outputFolder, Server, stop } from './server.mjs';

const CHATTERS = 1000;
const LINES_A_SECOND = 125;
const STEP = 5;
const RATE = 20; // the page's own limit, by default

/** Joins room; what comes is kept by type, or not read at all. */
async function join(cleanup, server, room, { name = '', wants, reads = true } = {}) {
  const socket = new WebSocket(`ws://127.0.0.1:${server.port}/ws`);
  cleanup.later(() => socket.terminate());
  socket.on('error', () => {});
  const client = { socket, heard: [], say: (text) => client.send({ type: 'chat', text }) };
  client.send = (message) => socket.send(JSON.stringify(message));
  const joined = new Promise((resolve) => {
    socket.on('message', (data) => {
      const message = JSON.parse(data);
      if (message.type === 'joined') resolve(message);
      else client.heard.push(message);
    });
  });
  await once(socket, 'open');
  client.send({ type: 'join', room, name, wants });
  client.welcome = await joined;
  if (!reads) socket.pause();
  return client;
}

async function heard(client, what, matches) {
  for (let tries = 0; tries < 200; tries++) {
    const found = client.heard.find(matches);
    if (found) return found;
    await sleep(50);
  }
  throw new Error(`never heard: ${what}`);
}

/** With its parts around the picture, which come after it. */
const isPlaying = () => window.manycast?.state === 'playing' && document.querySelector('#chat-input') !== null;
const flies = (text) => [...document.querySelectorAll('#danmaku div div')].some((line) => line.textContent === text);
const isListed = (text) => [...document.querySelectorAll('.chat-text')].some((line) => line.textContent === text);
const picture = (page, name) => page.screenshot({ path: path.join(outputFolder, `${name}.png`) });

/** Presses a button that may be hidden under a moved pointer. */
const press = (page, selector) => page.$eval(selector, (button) => button.click());

async function goLive(page) {
  await page.waitForSelector('#source-test');
  await page.$eval('#source-test', (input) => input.click());
  await page.$eval('#go-live', (button) => button.click());
  await until(page, 'live', () => window.manycast?.state === 'live', undefined, 30000);
}

/** Frames a second of the page's own drawing, over some time. */
const countFrames = (ms) => new Promise((resolve) => {
  const began = performance.now();
  let frames = 0;
  const step = (now) => {
    frames++;
    if (now - began < ms) requestAnimationFrame(step);
    else resolve((1000 * frames) / (now - began));
  };
  requestAnimationFrame(step);
});

export default {
  async 'history, lines over the picture, settings, likes; the host mutes and kicks'(cleanup) {
    const server = await Server.start();
    cleanup.later(() => server.down());
    const browser = await chromium();
    cleanup.later(() => close(browser));
    const ann = await join(cleanup, server, 'demo', { name: 'Ann', wants: ['likes', 'presence'] });
    ann.say('said before');
    const host = await open(browser, `${server.url}/live/demo`);
    await goLive(host);
    const page = await open(browser, `${server.url}/watch/demo`);
    await until(page, 'playing', isPlaying, undefined, 30000);
    await until(page, 'history', isListed, 'said before');
    await heard(ann, 'presence', ({ type, here }) => type === 'presence' && here);

    // Text is text.
    const text = '<img src=x onerror="document.title=1"> 弹幕 & <b>bold</b>';
    ann.say(text);
    await until(page, 'a line over the picture', flies, text);
    await until(page, 'the same in the list', isListed, text);
    assert.equal(await page.$('#chat img, #danmaku img'), null);
    const left = () => document.querySelector('#danmaku div div')?.getBoundingClientRect().left;
    const before = await page.evaluate(left);
    await until(page, 'the line moves', (from) => document.querySelector('#danmaku div div')?.getBoundingClientRect().left < from - 20, before);

    await page.$eval('#chat-input', (input) => { input.value = 'from the page'; });
    await press(page, '#chat-send');
    await heard(ann, 'the page', (message) => message.text === 'from the page');
    for (let i = 0; i < 3; i++) await press(page, '#like');
    const likes = await heard(ann, 'likes', ({ type }) => type === 'likes');
    assert.equal(likes.count, 3);
    await until(page, 'the count of likes', () => document.querySelector('.like-count').textContent === '3');
    await picture(page, 'chat-watch');

    // Settings are kept.
    await press(page, '#danmaku-open');
    await page.$eval('#danmaku-size', (input) => { input.value = 150; input.dispatchEvent(new Event('input')); });
    await page.$eval('#danmaku-area', (input) => { input.value = 100; input.dispatchEvent(new Event('input')); });
    await picture(page, 'chat-settings');
    await press(page, '#danmaku-toggle');
    ann.say('not over the picture');
    await until(page, 'the list only', isListed, 'not over the picture');
    assert.equal(await page.evaluate(flies, 'not over the picture'), false);
    await page.reload();
    await until(page, 'playing', isPlaying, undefined, 30000);
    assert.equal(await page.$eval('#danmaku-toggle', (button) => button.getAttribute('aria-pressed')), 'false');
    await press(page, '#danmaku-toggle');
    ann.say('large');
    await until(page, 'large text', () => [...document.querySelectorAll('#danmaku div div')].some((line) => line.style.fontSize === '33.0px' || line.style.fontSize === '33px'));

    // The host.
    const mallory = await join(cleanup, server, 'demo', { name: 'Mallory' });
    mallory.say('spam');
    const toolsOf = ({ from, tool }) => document.querySelector(`#chat li[data-from="${from}"] .chat-${tool}`) !== null;
    await until(host, 'tools', toolsOf, { from: mallory.welcome.you, tool: 'mute' });
    await picture(host, 'chat-host');
    const useTool = (tool) => press(host, `#chat li[data-from="${mallory.welcome.you}"] .chat-${tool}`);
    await useTool('mute');
    await heard(mallory, 'muted', ({ type, muted }) => type === 'muted' && muted);
    mallory.say('spam again');
    await heard(mallory, 'refusal', ({ type, code, re }) => type === 'error' && code === 'forbidden' && re === 'chat');
    await useTool('kick');
    await useTool('kick');
    await heard(mallory, 'removal', ({ type, code, re }) => type === 'error' && code === 'forbidden' && re === 'join');
    const kicked = await page.evaluate(() => window.manycast.signaling.you);
    await page.$eval('#chat-input', (input) => { input.value = 'and me'; });
    await press(page, '#chat-send');
    await until(host, 'the page’s line', toolsOf, { from: kicked, tool: 'kick' });
    await press(host, `#chat li[data-from="${kicked}"] .chat-kick`);
    await press(host, `#chat li[data-from="${kicked}"] .chat-kick`);
    await until(page, 'the page is told', () => document.querySelector('#state').dataset.i18n === 'fail.kicked.title');
    await picture(page, 'chat-kicked');
    assert.deepEqual([...host.problems, ...page.problems], []);
  },

  async 'a thousand chatters beside a page: it draws on, nothing is lost that the limits allow'(cleanup) {
    // All may come in one turn of a busy machine: the room's limit is not what is tested here.
    const server = await Server.start({ 'chat-room-lines-per-second': CHATTERS });
    cleanup.later(() => server.down());
    const publisher = server.publish('crowd', ['--size', '640x360', '--kbps', '600']);
    cleanup.later(() => stop(publisher));
    const browser = await chromium();
    cleanup.later(() => close(browser));
    const chatters = [];
    while (chatters.length < CHATTERS) {
      const more = Array.from({ length: 100 }, (_, i) => join(cleanup, server, 'crowd', { name: `C${chatters.length + i}`, reads: false }));
      chatters.push(...(await Promise.all(more)));
    }
    const witness = await join(cleanup, server, 'crowd'); // knows nothing of `chats`
    const page = await open(browser, `${server.url}/watch/crowd`);
    await until(page, 'playing', isPlaying, undefined, 30000);
    await page.evaluate(() => {
      window.heardLines = [];
      window.manycast.signaling.addEventListener('chat', ({ detail }) => window.heardLines.push(detail.text));
    });
    const quiet = await page.evaluate(countFrames, 2000);
    const spokenMs = (1000 * CHATTERS) / LINES_A_SECOND;
    const loud = page.evaluate(countFrames, spokenMs);
    for (let said = 0; said < CHATTERS; said++) {
      chatters[said].say(`line ${said}`);
      if (said % STEP === STEP - 1) await sleep((1000 * STEP) / LINES_A_SECOND); // no faster, even after a stall
    }
    const frames = await loud;
    const all = Array.from({ length: CHATTERS }, (_, i) => `line ${i}`).sort();
    await until(page, 'every line in the page', (count) => window.heardLines.length >= count, CHATTERS);
    assert.deepEqual((await page.evaluate(() => window.heardLines)).sort(), all);
    await heard(witness, 'the last line', () => witness.heard.filter(({ type }) => type === 'chat').length >= CHATTERS);
    assert.deepEqual(witness.heard.filter(({ type }) => type === 'chat').map(({ text }) => text).sort(), all);
    const { flown, withheld } = await page.evaluate(() => window.manycast.danmaku);
    await picture(page, 'chat-crowd');
    console.log(`      ${quiet.toFixed(0)} frames a second before, ${frames.toFixed(0)} with ${LINES_A_SECOND} lines a second; ${flown} flew`);
    assert.equal(flown + withheld, CHATTERS);
    assert.ok(flown <= RATE * (2 + spokenMs / 1000), `${flown} lines flew`);
    assert.ok(flown >= 5 * (spokenMs / 1000), `only ${flown} lines flew`);
    assert.ok(await page.evaluate(() => document.querySelector('#stage').offsetHeight < innerHeight), 'a long chat stretches the page');
    assert.equal(await page.$$eval('.chat-list li', (lines) => lines.length), 200);
    assert.ok(frames > quiet / 2, `${frames} frames a second after ${quiet}`);
    assert.equal(await page.evaluate(isPlaying), true);
    assert.ok(chatters.every(({ socket }) => socket.readyState === WebSocket.OPEN), 'a chatter that does not read was cut off');
    assert.deepEqual(page.problems, []);
  },
};
