// The broadcaster is warned of a microphone without sound by what the server hears, and gives out the right link.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { chromium, close, open, until } from './browsers.mjs';
import { outputFolder, Server } from './server.mjs';

const isLive = () => window.manycast?.state === 'live';
const warning = () => document.getElementById('sound-notice').dataset.code;

/** Two seconds of nothing, as a WAV file of 16 bits, 48 kHz, one channel; Chromium's microphone repeats it. */
function writeSilence() {
  const data = Buffer.alloc(44 + 2 * 2 * 48000);
  data.write('RIFF', 0);
  data.writeUInt32LE(data.length - 8, 4);
  data.write('WAVEfmt ', 8);
  data.writeUInt32LE(16, 16);
  data.writeUInt16LE(1, 20);
  data.writeUInt16LE(1, 22);
  data.writeUInt32LE(48000, 24);
  data.writeUInt32LE(96000, 28);
  data.writeUInt16LE(2, 32);
  data.writeUInt16LE(16, 34);
  data.write('data', 36);
  data.writeUInt32LE(data.length - 44, 40);
  const file = path.join(outputFolder, 'silence.wav');
  writeFileSync(file, data);
  return file;
}

export default {
  async 'a silent microphone is told of until there is sound; the link takes the viewers’ key, never the stream key'(cleanup) {
    const server = await Server.start({ 'auth-publish-key': 'stream-key', 'auth-watch-key': 'viewers-key' });
    cleanup.later(() => server.down());
    const browser = await chromium({ language: 'zh-CN', microphone: writeSilence() });
    cleanup.later(() => close(browser));
    const page = await open(browser, `${server.url}/live/demo?token=stream-key&source=camera`);
    await page.waitForSelector('#go-live');
    await page.click('#go-live');
    await until(page, 'live', isLive, undefined, 30000);

    const link = () => page.$eval('#share-link', (field) => field.value);
    await until(page, 'the field for the viewers’ key', () => !document.getElementById('share-key').hidden);
    assert.equal(await link(), `${server.url}/watch/demo`);
    await page.type('#watch-key', 'stream-key');
    assert.equal(await link(), `${server.url}/watch/demo`, 'without the stream key');
    await page.$eval('#watch-key', (field) => { field.value = ''; });
    await page.type('#watch-key', 'viewers-key');
    const viewer = await open(browser, await link(), { width: 480, height: 320 });
    await until(viewer, 'playing', () => window.manycast?.state === 'playing', undefined, 30000);
    await viewer.close();
    await page.bringToFront();

    await until(page, 'the warning', () => document.getElementById('sound-notice').innerText.includes('麦克风没有声音'), undefined, 40000);
    await page.screenshot({ path: path.join(outputFolder, 'sound.png'), fullPage: true });
    await page.$eval('#source-test', (input) => input.click());
    await page.click('body'); // the test tone needs a gesture
    await until(page, 'no warning', () => document.getElementById('sound-notice').hidden, undefined, 30000);
    assert.equal(await page.evaluate(warning), '');
    assert.deepEqual(page.problems, []);
  },
};
