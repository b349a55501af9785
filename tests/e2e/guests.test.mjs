// Guests beside the host: asking, being let in, leaving, coming back.
import assert from 'node:assert/strict';
import { chromium, close, firefox, open, until } from './browsers.mjs';
import { readsText, seesMotion } from './senses.mjs';
import { Server, start, stop } from './server.mjs';

const PHONE = { width: 390, height: 780 };
const tile = (stream) => `.tile[data-stream="${stream}"] video`;
const onStage = (count) => document.querySelectorAll('#floor .tile').length === count;

async function setUp(cleanup, settings) {
  const server = await Server.start(settings);
  cleanup.later(() => server.down());
  return server;
}

async function browserOf(cleanup, launch, options) {
  const browser = await launch(options);
  cleanup.later(() => close(browser));
  return browser;
}

function enterKey(page, key) {
  return page.evaluate((text) => {
    document.getElementById('stream-key').value = text;
    document.getElementById('stream-key').dispatchEvent(new Event('change'));
  }, key);
}

async function goLive(browser, server, room, key = '') {
  const page = await open(browser, `${server.url}/live/${room}?source=test`);
  await page.waitForSelector('#go-live', { visible: true });
  await page.select('#resolution', '480');
  await enterKey(page, key);
  await page.click('#go-live');
  await until(page, 'live', () => window.manycast.state === 'live', undefined, 20000);
  return page;
}

async function watch(browser, server, room, viewport) {
  const page = await open(browser, `${server.url}/watch/${room}`, viewport);
  await until(page, 'playing', () => window.manycast?.state === 'playing', undefined, 30000);
  return page;
}

/** As a person does: the button, a name, the button. */
async function ask(page, name) {
  await page.waitForSelector('#ask', { visible: true });
  await page.click('#ask');
  await page.waitForSelector('#seat-ask', { visible: true });
  await page.evaluate((text) => { document.getElementById('seat-name').value = text; }, name);
  await page.click('#seat-ask');
}

/** The host presses the button of whoever asks under that name. */
async function decide(host, name, className) {
  await until(host, `${name} asks`, ([who, button]) => {
    const row = [...document.querySelectorAll('#asking li')].find((each) => each.innerText.includes(who));
    row?.querySelector(button).click();
    return Boolean(row);
  }, [name, className]);
}

async function letIn(host, page, name) {
  await ask(page, name);
  await decide(host, name, '.primary');
  await until(page, `${name} is on stage`, () => window.manycast.seat.publishing === 'live', undefined, 30000);
}

/** Sound comes out of what a tile plays. */
async function hears(page, selector) {
  await page.evaluate((query) => {
    const context = new AudioContext();
    const analyser = context.createAnalyser();
    const { srcObject } = document.querySelector(query);
    context.createMediaStreamSource(new MediaStream(srcObject.getAudioTracks())).connect(analyser);
    context.resume();
    window.ear = { context, analyser, samples: new Float32Array(analyser.fftSize) };
  }, selector);
  await until(page, `sound of ${selector}`, () => {
    window.ear.analyser.getFloatTimeDomainData(window.ear.samples);
    return window.ear.samples.some((sample) => Math.abs(sample) > 0.005);
  });
  await page.evaluate(() => window.ear.context.close());
}

export default {
  async 'host and two guests in three browsers, a fourth watches all; a guest drops and returns'(cleanup) {
    const server = await setUp(cleanup);
    const [first, second, third] = await Promise.all([browserOf(cleanup, chromium), browserOf(cleanup, chromium), browserOf(cleanup, firefox)]);
    const host = await goLive(first, server, 'three');
    const ann = await watch(second, server, 'three');
    const bob = await watch(third, server, 'three');
    const viewer = await watch(first, server, 'three', PHONE);
    await letIn(host, ann, 'Ann');
    await letIn(host, bob, 'Bob');

    for (const page of [ann, bob, viewer]) await until(page, 'three tiles', onStage, 3);
    await Promise.all([
      seesMotion(host, tile('guest-1')), seesMotion(host, tile('guest-2')),
      seesMotion(viewer, tile('guest-1')), seesMotion(viewer, tile('guest-2')), seesMotion(viewer, '#video'),
      seesMotion(ann, tile('guest-2')), seesMotion(bob, tile('guest-1')),
    ]);
    await hears(viewer, tile('guest-1'));
    await hears(host, tile('guest-2'));
    assert.match(await readsText(viewer), /Ann[\s\S]*Bob/);
    assert.equal(await ann.$eval(tile('guest-1'), (video) => video.muted && video.srcObject.getAudioTracks().length === 0), true, 'no echo of oneself');

    // Whom to watch large is the viewer's choice.
    await viewer.click('.tile[data-stream="guest-2"]');
    assert.equal(await viewer.$eval('.tile[data-stream="guest-2"]', (each) => 'large' in each.dataset), true);

    // A guest loads the page anew: the same stream, without asking, and the viewers' connections stay.
    await viewer.evaluate((query) => { window.before = document.querySelector(query); }, tile('guest-2'));
    await bob.reload({ waitUntil: 'domcontentloaded' });
    await until(bob, 'back on stage', () => window.manycast?.seat?.publishing === 'live', undefined, 40000);
    assert.equal(await bob.evaluate(() => window.manycast.seat.stream), 'guest-2');
    await seesMotion(viewer, tile('guest-2'));
    assert.equal(await viewer.evaluate((query) => window.before === document.querySelector(query), tile('guest-2')), true);

    // The host ends one, the other leaves.
    await until(host, 'an end button', () => {
      const button = document.querySelector('.tile[data-stream="guest-2"] button');
      button?.click();
      return Boolean(button);
    });
    await until(bob, 'told so', () => document.querySelector('#seat .notice').dataset.code === 'guest-dismissed');
    await ann.click('#seat-leave');
    for (const page of [ann, bob, viewer]) await until(page, 'the host alone', onStage, 1);
    await until(host, 'no guests', () => document.getElementById('desk').hidden);
    assert.deepEqual([...host.problems, ...ann.problems, ...viewer.problems], []);
  },

  async 'with a stream key set a guest needs none; refused and beyond the limit are told'(cleanup) {
    const server = await setUp(cleanup, { 'auth-publish-key': 'sesame', 'guests-max': 1, 'guests-interval-seconds': 0 });
    const browser = await browserOf(cleanup, chromium);
    const live = await goLive(browser, server, 'key', 'sesame');
    const ann = await watch(browser, server, 'key');
    await ask(ann, 'Ann');
    await decide(live, 'Ann', 'button:not(.primary)');
    await until(ann, 'refused', () => document.querySelector('#seat .notice').dataset.code === 'guest-refused');
    await letIn(live, ann, 'Ann');
    const late = await watch(browser, server, 'key');
    await ask(late, 'Eve');
    await until(late, 'full', () => document.querySelector('#seat .notice').dataset.code === 'guest-full');
    // The host reloads: the guest stays, and the host is told of it. (In a room of this name the page once forgot its key.)
    await live.reload({ waitUntil: 'domcontentloaded' });
    await until(live, 'live again', () => window.manycast?.state === 'live', undefined, 30000);
    await seesMotion(live, tile('guest-1'));
    assert.equal(await ann.evaluate(() => window.manycast.seat.publishing), 'live');
  },

  async 'whoever has the stream key hosts beside a program that sends the picture'(cleanup) {
    const server = await setUp(cleanup, { 'auth-publish-key': 'sesame', 'guests-max': 1 });
    const program = start('manycast-publish', ['--token', 'sesame', `${server.url}/whip/obs`], 'obs');
    cleanup.later(() => stop(program));
    const browser = await browserOf(cleanup, chromium);
    const host = await open(browser, `${server.url}/live/obs`);
    await host.waitForSelector('#host-only', { visible: true });
    // On a phone the buttons at the bottom leave the link free once the page is scrolled to its end.
    await host.setViewport(PHONE);
    await until(host, 'a free link', () => {
      scrollTo(0, document.documentElement.scrollHeight);
      return document.getElementById('copy-link').getBoundingClientRect().bottom <= document.getElementById('go-live').getBoundingClientRect().top;
    });
    await host.setViewport({ width: 1280, height: 800 });
    await host.click('#host-only');
    await until(host, 'a key is wanted', () => document.getElementById('notice').dataset.code === 'no-host');
    await enterKey(host, 'sesame');
    await host.click('#host-only');
    await until(host, 'the program is seen live', () => document.querySelector('#live[data-state="hosting"] #state.live') !== null, undefined, 30000);
    // A reload comes back to the host's place.
    await host.reload({ waitUntil: 'domcontentloaded' });
    await until(host, 'host again', () => document.querySelector('#live[data-state="hosting"] #state.live') !== null, undefined, 30000);
    const ann = await watch(browser, server, 'obs');
    await letIn(host, ann, 'Ann');
    await seesMotion(host, tile('guest-1'));
    await until(host, 'an end button', () => {
      const button = document.querySelector('.tile[data-stream="guest-1"] button');
      button?.click();
      return Boolean(button);
    });
    await until(ann, 'told so', () => document.querySelector('#seat .notice').dataset.code === 'guest-dismissed');
    await host.evaluate(() => document.getElementById('leave').click());
    await until(host, 'as before', () => document.getElementById('live').dataset.state === 'off');
    assert.equal(await ann.evaluate(() => window.manycast.state), 'playing');
    assert.equal(await host.evaluate(() => sessionStorage.getItem('manycast.live.obs')), null);
    assert.deepEqual([...host.problems, ...ann.problems], []);
  },
};
