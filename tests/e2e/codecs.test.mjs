// Every codec that is forwarded, from a browser's own encoder to another browser's own decoder; and the broadcaster's
// return with another codec while viewers stay.
import assert from 'node:assert/strict';
import { chromium, close, firefox, open, until } from './browsers.mjs';
import { seesMotion } from './senses.mjs';
import { Server } from './server.mjs';

const isPlaying = () => window.manycast?.state === 'playing';

async function setUp(cleanup) {
  const server = await Server.start();
  cleanup.later(() => server.down());
  return server;
}

async function browserOf(cleanup, launch) {
  const browser = await launch();
  cleanup.later(() => close(browser));
  return browser;
}

/** A WHIP client in the page: a canvas that moves, sent with the one codec. Answers the session's address. */
function publish(page, room, codec) {
  return page.evaluate(async ({ name, subtype }) => {
    const canvas = document.createElement('canvas');
    canvas.width = 320;
    canvas.height = 180;
    const context = canvas.getContext('2d');
    let count = 0;
    const draw = () => {
      context.fillStyle = `hsl(${(count * 7) % 360} 80% 60%)`;
      context.fillRect(0, 0, 320, 180);
      context.fillStyle = '#fff';
      context.fillRect((count * 11) % 300, 60, 40, 40);
      count++;
    };
    draw();
    window.drawing = setInterval(draw, 50);
    const connection = new RTCPeerConnection();
    const transceiver = connection.addTransceiver(canvas.captureStream(20).getVideoTracks()[0], { direction: 'sendonly' });
    const { codecs } = RTCRtpSender.getCapabilities('video');
    const wanted = codecs.filter((each) => each.mimeType.toLowerCase() === `video/${subtype}`.toLowerCase());
    if (wanted.length === 0) throw new Error(`this browser does not send ${subtype}`);
    transceiver.setCodecPreferences(wanted);
    await connection.setLocalDescription();
    const answer = await fetch(`/whip/${name}`, {
      method: 'POST', headers: { 'Content-Type': 'application/sdp' }, body: connection.localDescription.sdp,
    });
    if (answer.status !== 201) throw new Error(`${answer.status} ${await answer.text()}`);
    await connection.setRemoteDescription({ type: 'answer', sdp: await answer.text() });
    // Candidates found after the offer are not sent: the server hears us by our checks.
    window.publishing = connection;
    return answer.headers.get('Location');
  }, { name: room, subtype: codec });
}

async function stopPublishing(page, location) {
  await page.evaluate(async (session) => {
    clearInterval(window.drawing);
    window.publishing.close();
    await fetch(session, { method: 'DELETE' });
  }, location);
}

const codecShown = async (page) => (await page.evaluate(() => window.manycast.stats())).videoCodec;

const CASES = [
  ['VP8', firefox], ['VP9', firefox], ['AV1', firefox], ['H264', chromium],
];

const tests = {};
for (const [codec, launch] of CASES) {
  const viewer = launch === firefox ? 'Firefox' : 'Chromium';
  tests[`${codec} from Chromium is seen in ${viewer}`] = async (cleanup) => {
    const server = await setUp(cleanup);
    const studio = await open(await browserOf(cleanup, chromium), `${server.url}/missing`);
    await publish(studio, 'codec', codec);
    await server.isLive('codec');
    const page = await open(await browserOf(cleanup, launch), `${server.url}/watch/codec`);
    await until(page, 'playing', isPlaying, undefined, 25000);
    await seesMotion(page);
    assert.equal(await codecShown(page), codec);
  };
}

tests['a broadcaster comes back with another codec, and the viewer stays on its connection'] = async (cleanup) => {
  const server = await setUp(cleanup);
  const browser = await browserOf(cleanup, chromium);
  const studio = await open(browser, `${server.url}/missing`);
  const page = await open(await browserOf(cleanup, chromium), `${server.url}/watch/codec`);
  let location = await publish(studio, 'codec', 'VP8');
  await until(page, 'playing', isPlaying, undefined, 20000);
  await page.evaluate(() => { window.connectionBefore = window.manycast.peerConnection; });
  for (const codec of ['H264', 'VP9', 'VP8']) {
    await stopPublishing(studio, location);
    location = await publish(studio, 'codec', codec);
    await until(page, `${codec} decoded`, async (wanted) => (await window.manycast.stats()).videoCodec === wanted, codec, 20000);
    await seesMotion(page);
  }
  assert.equal(await page.evaluate(() => window.connectionBefore === window.manycast.peerConnection), true);
};

export default tests;
