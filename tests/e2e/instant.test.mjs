// Viewers who come between two key frames, twelve seconds apart, of a broadcaster that ignores requests for more.
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { chromium, close, firefox, open, until } from './browsers.mjs';
import { hearsTone, seesMotion } from './senses.mjs';
import { Server, stop } from './server.mjs';

const STUDIO = ['--size', '640x360', '--fps', '30', '--kbps', '600', '--gop', '360', '--ignore-pli'];

async function setUp(cleanup, settings) {
  const server = await Server.start({ 'media-cache-ms': 30000, ...settings });
  cleanup.later(() => server.down());
  const publisher = server.publish('instant', STUDIO);
  cleanup.later(() => stop(publisher));
  return server;
}

/** Answers right after a key frame that follows so many: how many there are then. */
async function keyFrameAfter(server, before) {
  for (let tries = 0; tries < 600; tries++) {
    const now = (await server.metric('manycast_key_frames_total')) ?? 0;
    if (now > before) return now;
    await sleep(50);
  }
  throw new Error('no key frame came');
}

async function joinsInTheMiddle(cleanup, launch) {
  const server = await setUp(cleanup);
  const browser = await launch();
  cleanup.later(() => close(browser));
  const keyFrames = await keyFrameAfter(server, 0);
  await sleep(4000);
  const page = await open(browser, `${server.url}/watch/instant`);
  await until(page, 'playing', () => window.manycast?.state === 'playing', undefined, 6000);
  await until(page, 'the live edge', () => {
    const glass = window.manycast.glassMs();
    return glass !== null && glass < 500;
  }, undefined, 6000);
  assert.equal(await server.metric('manycast_key_frames_total'), keyFrames, 'it waited for the next key frame');
  await seesMotion(page);
  await hearsTone(page);
  assert.equal(await server.metric('manycast_plis_out_total'), 0);
  assert.ok((await server.metric('manycast_replays_total')) >= 1);
  return { page, server, keyFrames };
}

export default {
  async 'Chromium is at the live edge at once, a second viewer of the worker too, and stays there over the next key frame'(cleanup) {
    const { page, server, keyFrames } = await joinsInTheMiddle(cleanup, chromium);
    const second = await open(page.browser(), page.url());
    await until(second, 'playing', () => window.manycast?.state === 'playing', undefined, 4000);
    await seesMotion(second);
    await second.close();
    await keyFrameAfter(server, keyFrames);
    await sleep(1000);
    await until(page, 'the live edge', () => window.manycast.glassMs() !== null && window.manycast.glassMs() < 500);
  },

  async 'Firefox is at the live edge at once'(cleanup) {
    await joinsInTheMiddle(cleanup, firefox);
  },

  async 'switched off, it waits for the next key frame'(cleanup) {
    const server = await setUp(cleanup, { 'media-cache-ms': 0 });
    const browser = await chromium();
    cleanup.later(() => close(browser));
    const keyFrames = await keyFrameAfter(server, 0);
    await sleep(2000);
    const page = await open(browser, `${server.url}/watch/instant`);
    await until(page, 'a picture', async () => {
      const reports = [...((await window.manycast?.peerConnection?.getStats()) ?? new Map()).values()];
      return reports.some((each) => each.type === 'inbound-rtp' && each.framesDecoded > 0);
    }, undefined, 40000);
    assert.ok((await server.metric('manycast_key_frames_total')) > keyFrames);
    assert.equal(await server.metric('manycast_replays_total'), 0);
  },
};
