// What viewers see and hear, whoever sends.
import assert from 'node:assert/strict';
import { chromium, close, firefox, open, until } from './browsers.mjs';
import { hearsTone, readsText, seesMotion } from './senses.mjs';
import { Server, stop } from './server.mjs';

const SMALL = ['--size', '640x360', '--kbps', '600'];

async function setUp(cleanup, settings) {
  const server = await Server.start(settings);
  cleanup.later(() => server.down());
  return server;
}

async function viewer(cleanup, launch, url, options) {
  const browser = await launch(options);
  cleanup.later(() => close(browser));
  return open(browser, url);
}

function publisher(cleanup, server, room, parameters = SMALL) {
  const child = server.publish(room, parameters);
  cleanup.later(() => stop(child));
  return child;
}

const isPlaying = () => window.manycast?.state === 'playing';

export default {
  async 'Chromium shows a moving picture and plays the tone of manycast-publish'(cleanup) {
    const server = await setUp(cleanup);
    publisher(cleanup, server, 'demo');
    const page = await viewer(cleanup, chromium, `${server.url}/watch/demo`);
    await until(page, 'playing', isPlaying);
    await seesMotion(page);
    await hearsTone(page);
    assert.deepEqual(page.problems, []);
  },

  async 'Firefox shows a moving picture and plays the tone of manycast-publish'(cleanup) {
    const server = await setUp(cleanup);
    publisher(cleanup, server, 'demo');
    const page = await viewer(cleanup, firefox, `${server.url}/watch/demo`);
    await until(page, 'playing', isPlaying);
    await seesMotion(page);
    await hearsTone(page);
  },

  async 'a stock Firefox connects, though it never checks 127.0.0.1'(cleanup) {
    const server = await setUp(cleanup);
    publisher(cleanup, server, 'demo');
    const page = await viewer(cleanup, firefox, `${server.url}/watch/demo`, { stock: true });
    await until(page, 'playing', isPlaying);
    await seesMotion(page);
  },

  async 'a viewer whose UDP is blocked watches over TCP'(cleanup) {
    const server = await setUp(cleanup);
    publisher(cleanup, server, 'demo');
    const page = await viewer(cleanup, chromium, `${server.url}/watch/demo`, { tcpOnly: true });
    await until(page, 'playing', isPlaying);
    await seesMotion(page);
    const protocol = await page.evaluate(async () => {
      const reports = [...(await window.manycast.peerConnection.getStats()).values()];
      const pair = reports.find((each) => each.type === 'candidate-pair' && each.nominated && each.state === 'succeeded');
      return reports.find((each) => each.id === pair.localCandidateId).protocol;
    });
    assert.equal(protocol, 'tcp');
  },

  async 'a room with Chinese name works from the lobby on'(cleanup) {
    const server = await setUp(cleanup);
    publisher(cleanup, server, '直播间1');
    const page = await viewer(cleanup, chromium, `${server.url}/`, { language: 'zh-CN' });
    await until(page, 'the room in the lobby', () => document.body.innerText.includes('直播间1'));
    await page.evaluate(() => [...document.querySelectorAll('a')].find((each) => each.href.includes('/watch/')).click());
    await until(page, 'playing', isPlaying);
    await seesMotion(page);
  },

  async 'who comes before the broadcast is told so, and sees it when it begins'(cleanup) {
    const server = await setUp(cleanup);
    const page = await viewer(cleanup, chromium, `${server.url}/watch/early`, { language: 'zh-CN' });
    await until(page, '未开播', () => document.body.innerText.includes('未开播'));
    publisher(cleanup, server, 'early');
    await until(page, 'playing', isPlaying);
    await seesMotion(page);
  },

  async 'a late joiner sees the picture at once'(cleanup) {
    const server = await setUp(cleanup);
    publisher(cleanup, server, 'late');
    const first = await viewer(cleanup, chromium, `${server.url}/watch/late`);
    await until(first, 'playing', isPlaying);
    await new Promise((resolve) => setTimeout(resolve, 5000));
    const second = await open(first.browser(), `${server.url}/watch/late`);
    await until(second, 'playing', isPlaying);
    await seesMotion(second);
    await seesMotion(first);
  },

  async 'sound alone plays on a page that says so'(cleanup) {
    const server = await setUp(cleanup);
    publisher(cleanup, server, 'radio', ['--no-video']);
    const page = await viewer(cleanup, chromium, `${server.url}/watch/radio`);
    await until(page, 'the audio card', () => !document.getElementById('audio-card').hidden);
    await hearsTone(page);
  },

  async 'with autoplay forbidden the picture plays muted, and a tap brings the sound'(cleanup) {
    const server = await setUp(cleanup);
    publisher(cleanup, server, 'demo');
    await server.isLive('demo');
    const page = await viewer(cleanup, chromium, `${server.url}/watch/demo`, { autoplay: false });
    // Whatever is evaluated in the page counts as a person's gesture there: first let it try by itself.
    await new Promise((resolve) => setTimeout(resolve, 3000));
    await page.waitForSelector('#unmute:not([hidden])', { visible: true, timeout: 10000 });
    await seesMotion(page);
    await page.click('#unmute');
    await until(page, 'sound', () => !document.getElementById('video').muted);
  },

  async 'the server stops and starts again while somebody watches'(cleanup) {
    const server = await setUp(cleanup);
    publisher(cleanup, server, 'demo');
    const page = await viewer(cleanup, chromium, `${server.url}/watch/demo`);
    await until(page, 'playing', isPlaying);
    const asked = Date.now();
    assert.equal(await server.down(), 0, 'exit status after SIGTERM');
    assert.ok(Date.now() - asked < 3000, `it took ${Date.now() - asked} ms to end`);
    await until(page, 'the page says that something is wrong', () => window.manycast.state !== 'playing', undefined, 40000);
    await server.up();
    await until(page, 'playing again', isPlaying, undefined, 60000);
    await seesMotion(page);
  },

  async 'an impossible room name is explained, not shown as a black picture'(cleanup) {
    const server = await setUp(cleanup);
    const page = await viewer(cleanup, chromium, `${server.url}/watch/${'x'.repeat(65)}`);
    await until(page, 'the page', () => document.documentElement.dataset.ready !== undefined);
    assert.match(await readsText(page), /name/i);
    assert.doesNotMatch(await readsText(page), /Error:|\bat .*\.js/);
  },
};
