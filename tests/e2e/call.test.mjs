// Two people call each other through the relay: no media touches the server.
import assert from 'node:assert/strict';
import { chromium, close, firefox, open, until } from './browsers.mjs';
import { hearsTone, readsText, seesMotion } from './senses.mjs';
import { Server } from './server.mjs';

const is = (page, state, withinMs = 30000) =>
  until(page, `the call to be ${state}`, (wanted) => window.manycast?.state === wanted, state, withinMs);

async function person(cleanup, launch, url, options) {
  const browser = await launch(options);
  cleanup.later(() => close(browser));
  return open(browser, url);
}

async function says(from, to, text) {
  await from.type('#chat-input', text);
  await from.keyboard.press('Enter');
  await until(to, `“${text}” in the chat`, (line) => document.getElementById('chat').innerText.includes(line), text);
}

/** The share of the board that is not white. */
const inked = (page) => page.evaluate(() => {
  const canvas = document.getElementById('board-canvas');
  const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
  let dark = 0;
  for (let i = 0; i < data.length; i += 4) dark += data[i] < 128 || data[i + 1] < 128 ? 1 : 0;
  return dark / (data.length / 4);
});

async function untilInked(page, what, holds) {
  const ends = Date.now() + 10000;
  for (let share = await inked(page); !holds(share); share = await inked(page))
    assert.ok(Date.now() < ends, `${what} (${share} of the board is inked)`);
}

async function strokesAcross(page) {
  const { x, y, width, height } = await (await page.$('#board-canvas')).boundingBox();
  await page.mouse.move(x + width * 0.2, y + height * 0.3);
  await page.mouse.down();
  await page.mouse.move(x + width * 0.8, y + height * 0.6, { steps: 12 });
  await page.mouse.up();
}

export default {
  async 'Chromium and Firefox see, hear, write and draw; one leaves and returns; a third finds it full'(cleanup) {
    const server = await Server.start();
    cleanup.later(() => server.down());
    const url = `${server.url}/call/${encodeURIComponent('通话 1')}`;
    const [one, two] = await Promise.all([person(cleanup, chromium, url), person(cleanup, firefox, url)]);

    await Promise.all([one, two].map((page) => is(page, 'connected')));
    for (const page of [one, two]) {
      await seesMotion(page, '#video');
      await hearsTone(page);
    }

    await says(one, two, '你好');
    await says(two, one, 'hello');

    await one.click('#board-toggle');
    await strokesAcross(one);
    await untilInked(two, 'the stroke reaches the other', (share) => share > 0.001);

    await one.click('#screen-toggle');
    await until(two, 'the shared screen', () => document.getElementById('stage').dataset.view === 'screen');
    await until(two, 'a picture of it', () => document.getElementById('screen').videoWidth > 0);
    await one.click('#screen-toggle');
    await until(two, 'the camera again', () => document.getElementById('stage').dataset.view === 'camera');

    const third = await open(one.browser(), url);
    await is(third, 'full');
    assert.match(await readsText(third), /Full[^]*Watch this room instead/);
    assert.equal(await third.$eval('#watch-instead', (link) => link.pathname), '/watch/%E9%80%9A%E8%AF%9D%201');
    await third.close();

    await two.goto('about:blank');
    await is(one, 'alone');
    assert.match(await readsText(one), /Waiting/);
    await two.goto(url, { waitUntil: 'domcontentloaded' });
    await Promise.all([one, two].map((page) => is(page, 'connected')));
    await seesMotion(two, '#video');
    await two.click('#board-toggle');
    await untilInked(two, 'who returns finds the board as it was', (share) => share > 0.001);
    await strokesAcross(two);
    await two.click('#board-clear');
    await untilInked(one, 'both boards are clear', (share) => share === 0);
    assert.deepEqual([...one.problems, ...two.problems], []);
  },

  async 'without camera and microphone one is told so, and still sees, writes and draws'(cleanup) {
    const server = await Server.start();
    cleanup.later(() => server.down());
    const url = `${server.url}/call/bare`;
    const [one, two] = await Promise.all([
      person(cleanup, chromium, url),
      person(cleanup, chromium, url, { devices: false, language: 'zh-CN' }),
    ]);

    await Promise.all([one, two].map((page) => is(page, 'connected')));
    await until(two, 'the advice', () => document.getElementById('notice').innerText.includes('没有它们也能通话'));
    await seesMotion(two, '#video');
    await until(one, 'word that there is no picture', () => !document.getElementById('avatar').hidden);
    await says(two, one, '看得到你');
    await one.click('#hang-up');
    await Promise.all([is(one, 'ended'), is(two, 'alone')]);
    assert.match(await readsText(two), /对方已离开/);
  },
};
