// Going live from a browser.
import assert from 'node:assert/strict';
import { chromium, close, firefox, open, until } from './browsers.mjs';
import { hearsTone, readsText, seesMotion } from './senses.mjs';
import { Server } from './server.mjs';

const isPlaying = () => window.manycast?.state === 'playing';
const isLive = () => window.manycast?.state === 'live';

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

/** As a person does: choose the source, press the button. */
async function goLive(browser, server, room, source = 'test') {
  const page = await open(browser, `${server.url}/live/${encodeURIComponent(room)}`);
  await page.waitForSelector('#go-live');
  await page.evaluate((id) => document.getElementById(id).click(), `source-${source}`);
  await page.evaluate(() => {
    const resolution = document.getElementById('resolution');
    resolution.value = '480';
    resolution.dispatchEvent(new Event('change', { bubbles: true }));
  });
  await page.click('#go-live');
  await until(page, 'live', isLive, undefined, 20000);
  return page;
}

export default {
  async 'Chromium goes live with the test pattern, Firefox watches'(cleanup) {
    const server = await setUp(cleanup);
    await goLive(await browserOf(cleanup, chromium), server, 'c2f');
    const page = await open(await browserOf(cleanup, firefox), `${server.url}/watch/c2f`);
    await until(page, 'playing', isPlaying, undefined, 20000);
    await seesMotion(page);
    await hearsTone(page);
  },

  async 'Firefox goes live with the test pattern, Chromium watches'(cleanup) {
    const server = await setUp(cleanup);
    await goLive(await browserOf(cleanup, firefox), server, 'f2c');
    const page = await open(await browserOf(cleanup, chromium), `${server.url}/watch/f2c`);
    await until(page, 'playing', isPlaying, undefined, 20000);
    await seesMotion(page);
    await hearsTone(page);
  },

  async 'camera and microphone go live, and the page tells what is being sent'(cleanup) {
    const server = await setUp(cleanup);
    const browser = await browserOf(cleanup, chromium);
    const studio = await goLive(browser, server, 'camera', 'camera');
    const page = await open(browser, `${server.url}/watch/camera`);
    await until(page, 'playing', isPlaying);
    await seesMotion(page);
    await hearsTone(page);
    await until(studio, 'figures', () => document.getElementById('stats').innerText.match(/\d/) !== null);
  },

  async 'a browser keeps below the bit rate that the server takes, and is not ended for it'(cleanup) {
    const server = await setUp(cleanup, { 'limits-publisher-kbps': '250', 'limits-publisher-excess-seconds': '3' });
    const studio = await goLive(await browserOf(cleanup, chromium), server, 'modest');
    const rates = [];
    await until(studio, 'ten seconds of media', () => document.getElementById('stats').innerText.match(/\d/) !== null);
    while (rates.length < 10) {
      const [stream] = (await (await fetch(`${server.url}/api/rooms/modest`)).json()).streams;
      assert.ok(stream.live, `ended after ${rates.join(', ')} bit/s`);
      rates.push(stream.bitrate_bps.audio + stream.bitrate_bps.video);
      await new Promise((resolve) => setTimeout(resolve, 1000)); // as often as it is reported
    }
    assert.equal(await studio.evaluate(() => window.manycast.state), 'live');
    assert.ok(rates.at(-1) > 0 && rates.at(-1) < 250000, rates.join(', '));
  },

  async 'ten viewers watch, and the count says ten'(cleanup) {
    const server = await setUp(cleanup);
    const studio = await goLive(await browserOf(cleanup, chromium), server, 'ten');
    const audience = await browserOf(cleanup, chromium);
    const pages = [];
    for (let i = 0; i < 10; i++) pages.push(await open(audience, `${server.url}/watch/ten`, { width: 480, height: 320 }));
    for (const page of pages) await until(page, 'playing', isPlaying, undefined, 40000);
    for (const page of pages) await seesMotion(page, '#video', 30000);
    await until(studio, 'ten viewers', () => document.getElementById('viewers').textContent.trim() === '10');
  },

  async 'the broadcaster reloads the page, and viewers stay on the same connection'(cleanup) {
    const server = await setUp(cleanup);
    const studio = await goLive(await browserOf(cleanup, chromium), server, 'reload');
    const page = await open(await browserOf(cleanup, chromium), `${server.url}/watch/reload`);
    await until(page, 'playing', isPlaying);
    await page.evaluate(() => { window.connectionBefore = window.manycast.peerConnection; });
    await studio.reload({ waitUntil: 'domcontentloaded' });
    await until(studio, 'live again, by itself or by the button', () => {
      if (window.manycast?.state === 'live') return true;
      const button = document.getElementById('go-live');
      if (button && !button.hidden && !button.disabled && window.manycast?.state === 'off') button.click();
      return false;
    }, undefined, 30000);
    await until(page, 'playing', isPlaying, undefined, 20000);
    await seesMotion(page);
    assert.equal(await page.evaluate(() => window.connectionBefore === window.manycast.peerConnection), true);
  },

  async 'stop ends the broadcast for the viewers'(cleanup) {
    const server = await setUp(cleanup);
    const studio = await goLive(await browserOf(cleanup, chromium), server, 'stop');
    const page = await open(await browserOf(cleanup, chromium), `${server.url}/watch/stop`);
    await until(page, 'playing', isPlaying);
    await studio.click('#stop');
    await until(page, 'not live', () => window.manycast.state !== 'playing');
    assert.doesNotMatch(await readsText(page), /undefined|Error:/);
  },

  async 'a refused camera is explained'(cleanup) {
    const server = await setUp(cleanup);
    const browser = await browserOf(cleanup, chromium, { devices: false });
    const page = await open(browser, `${server.url}/live/refused`);
    await page.evaluate(() => document.getElementById('source-camera').click());
    await page.click('#go-live');
    await until(page, 'a notice', () => ['notice', 'source-notice'].some((id) => {
      const notice = document.getElementById(id);
      return notice && !notice.hidden && notice.innerText.trim().length > 10;
    }));
    assert.doesNotMatch(await readsText(page), /NotFoundError|NotAllowedError|\bat .*\.js/);
  },

  async 'a stream key is asked for, and taken'(cleanup) {
    const server = await setUp(cleanup, { 'auth-publish-key': 'open sesame' });
    const browser = await browserOf(cleanup, chromium);
    const page = await open(browser, `${server.url}/live/keyed`);
    await page.evaluate(() => document.getElementById('source-test').click());
    await page.click('#go-live');
    await page.waitForSelector('#key-row:not([hidden])', { visible: true, timeout: 15000 });
    await page.type('#stream-key', 'open sesame');
    await page.click('#go-live');
    await until(page, 'live', isLive, undefined, 20000);
  },
};
