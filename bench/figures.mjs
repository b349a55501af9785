// What people notice, measured in real browsers against the real server: node bench/figures.mjs [NAME ...]
// Names: first-frame, instant, glass, reload, freeze, leaks (all by default). Prints one line a figure; wants `make build` and the
// npm packages of tests/e2e. Not a test: it judges nothing.
import { readdirSync } from 'node:fs';
import http from 'node:http';
import { chromium, close, closeAll, firefox, open, until } from '../tests/e2e/browsers.mjs';
import { Relay, ownAddress } from '../tests/e2e/relay.mjs';
import { freezes, seesMotion } from '../tests/e2e/senses.mjs';
import { freePort, Server, start, stop } from '../tests/e2e/server.mjs';

const PICTURE = ['--size', '1280x720', '--fps', '30', '--kbps', '2500'];
const isPlaying = () => window.manycast?.state === 'playing';
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

function quantile(values, share) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)];
}

function tell(name, values, unit) {
  const figures = [['p50', 0.5], ['p95', 0.95], ['most', 1]].map(([label, share]) => `${label} ${quantile(values, share).toFixed(0)} ${unit}`);
  console.log(`${name}: ${figures.join(', ')} (n=${values.length})`);
}

async function withServer(settings, room, picture, run) {
  const server = await Server.start(settings);
  const publisher = server.publish(room, picture);
  try {
    await server.isLive(room);
    await run(server);
  } finally {
    await stop(publisher);
    await server.down();
  }
}

/** From the click on a room in the lobby to the first picture. */
async function firstFrame() {
  await withServer({}, 'first', PICTURE, async (server) => {
    const browser = await chromium();
    const took = [];
    for (let i = 0; i < 20; i++) {
      const page = await open(browser, `${server.url}/`);
      await until(page, 'the room in the lobby', () => document.querySelector('a[href^="/watch/"]') !== null);
      await page.evaluate(() => document.querySelector('a[href^="/watch/"]').click());
      await until(page, 'the first picture', () => window.manycast?.firstFrameMs > 0, undefined, 20000).catch(() => {});
      took.push(await page.evaluate(() => window.manycast.firstFrameMs));
      await page.close();
      await sleep(700); // apart: key frames are asked for at most every 500 ms
    }
    await close(browser);
    tell('first frame in Chromium after the click in the lobby, 720p30', took, 'ms');
  });
}

/** Runs in the page before its own scripts: when each step of a join was reached, in ms since navigation. */
function noteSteps() {
  const steps = (window.joinSteps = {});
  const note = (step) => (steps[step] ??= performance.now());
  const wrap = (object, name, before) => {
    const original = object[name];
    object[name] = function wrapped(...given) {
      before(this, ...given);
      return original.apply(this, given);
    };
  };
  wrap(WebSocket.prototype, 'send', (socket, text) => note(`sends ${JSON.parse(text).type}`));
  wrap(RTCPeerConnection.prototype, 'setRemoteDescription', (connection) => {
    note('answer');
    connection.addEventListener('iceconnectionstatechange', () => connection.iceConnectionState === 'connected' && note('ICE'));
    connection.addEventListener('connectionstatechange', () => connection.connectionState === 'connected' && note('DTLS'));
  });
  addEventListener('DOMContentLoaded', () => {
    const video = document.getElementById('video');
    const look = () => {
      note('picture');
      const glass = window.manycast?.glassMs();
      if (glass !== null && glass < 300) note('live edge');
      else video.requestVideoFrameCallback(look);
    };
    video.requestVideoFrameCallback(look);
  });
}

const STEPS = ['sends offer', 'answer', 'ICE', 'DTLS', 'picture', 'live edge'];

/** Joins between two key frames that are 10 s apart, of a broadcaster that ignores requests for more; `end` is the last step. */
async function joinsInstantly(name, launch, address, end) {
  const browser = await launch();
  const joins = [];
  for (let i = 0; i < 20; i++) {
    const page = await browser.newPage();
    await page.setViewport({ width: 1280, height: 800 });
    await page.evaluateOnNewDocument(noteSteps);
    await sleep(400 + 97 * i); // anywhere in the ten seconds
    await page.goto(address, { waitUntil: 'domcontentloaded' });
    await until(page, end, (step) => window.joinSteps[step] > 0, end, 20000);
    joins.push(await page.evaluate(() => window.joinSteps));
    await page.close();
  }
  await close(browser);
  const from = (first, last) => joins.map((steps) => steps[last] - steps[first]);
  tell(`first picture in ${name} after the click`, joins.map((steps) => steps.picture), 'ms');
  if (end === 'live edge') {
    tell(`  live edge (under 300 ms behind) after the first picture`, from('picture', 'live edge'), 'ms');
  }
  const median = (step) => quantile(joins.map((steps) => steps[step]), 0.5).toFixed(0);
  console.log(`  steps, ms since the click, p50: ${STEPS.filter((step) => joins[0][step]).map((step) => `${step} ${median(step)}`).join(', ')}`);
}

/** The barest page that plays: what a join costs in the browser alone. */
function barePage(server) {
  const page = `<!doctype html><video id="video" autoplay muted playsinline></video><script>
    const socket = new WebSocket('${server.url.replace('http', 'ws')}/ws');
    const connection = new RTCPeerConnection({ bundlePolicy: 'max-bundle' });
    for (const kind of ['audio', 'video']) connection.addTransceiver(kind, { direction: 'recvonly' });
    connection.ontrack = ({ track }) => track.kind === 'video' && (video.srcObject = new MediaStream([track]));
    const offered = connection.setLocalDescription();
    const send = (message) => socket.send(JSON.stringify(message));
    socket.onopen = async () => {
      send({ type: 'join', room: 'instant' });
      await offered;
      send({ type: 'offer', id: 'bare', subscribe: 'main', sdp: connection.localDescription.sdp });
    };
    socket.onmessage = ({ data }) => {
      const { type, sdp } = JSON.parse(data);
      if (type === 'answer') connection.setRemoteDescription({ type, sdp });
    };
  </script>`;
  const web = http.createServer((request, response) => response.setHeader('Content-Type', 'text/html').end(page));
  return new Promise((resolve) => web.listen(0, '127.0.0.1', () => resolve(web)));
}

async function instant() {
  await withServer({}, 'instant', [...PICTURE, '--gop', '300', '--ignore-pli'], async (server) => {
    await sleep(11000); // a whole group of pictures is kept
    // PulseAudio's null sink, which the tests listen to, takes a second to open: Firefox joins without a sound card.
    const browsers = { Chromium: chromium, Firefox: () => firefox({ sound: false }) };
    const bare = await barePage(server);
    for (const [name, launch] of Object.entries(browsers)) {
      await joinsInstantly(name, launch, `${server.url}/watch/instant`, 'live edge');
      await joinsInstantly(`${name}, the barest page`, launch, `http://127.0.0.1:${bare.address().port}/`, 'picture');
    }
    bare.close();
    console.log(`  replays ${await server.metric('manycast_replays_total')}, requests to the broadcaster ${await server.metric('manycast_plis_out_total')}`);
  });
}

/** From the broadcaster's drawing to the viewer's screen, read from the picture. */
async function glass() {
  await withServer({}, 'glass', PICTURE, async (server) => {
    const browser = await chromium();
    const page = await open(browser, `${server.url}/watch/glass`);
    await until(page, 'playing', isPlaying);
    await sleep(3000);
    const samples = [];
    for (let i = 0; i < 200; i++) {
      const ms = await page.evaluate(() => new Promise((resolve) => {
        document.getElementById('video').requestVideoFrameCallback(() => resolve(window.manycast.glassMs()));
      }));
      if (ms !== null) samples.push(ms);
      await sleep(53);
    }
    await close(browser);
    tell('glass to glass on loopback, 720p30', samples, 'ms');
  });
}

/** A browser broadcasts and reloads its page; how long the viewers' picture stands. */
async function reload() {
  const server = await Server.start();
  const studioBrowser = await chromium();
  const audienceBrowser = await chromium();
  const studio = await open(studioBrowser, `${server.url}/live/reload`);
  await studio.evaluate(() => document.getElementById('source-test').click());
  await studio.click('#go-live');
  await until(studio, 'live', () => window.manycast.state === 'live');
  // One tab: a hidden one is given no frames.
  const page = await open(audienceBrowser, `${server.url}/watch/reload`);
  await until(page, 'playing', isPlaying);
  await seesMotion(page);
  const gaps = [];
  for (let round = 0; round < 10; round++) {
    const watching = freezes(page, 7000);
    await sleep(1000);
    await studio.reload({ waitUntil: 'domcontentloaded' });
    gaps.push((await watching).longestMs);
    await until(studio, 'live', () => window.manycast.state === 'live');
  }
  await close(studioBrowser);
  await close(audienceBrowser);
  await server.down();
  tell('viewers\' picture stands at the broadcaster\'s page reload', gaps, 'ms');
  console.log(`  longer than 2 s: ${gaps.filter((gap) => gap > 2000).length} of ${gaps.length}`);
}

/** A minute behind 2 % loss and 20 ms each way. */
async function freeze() {
  const port = await freePort();
  await withServer({ 'media-announce': `${ownAddress()}:${port}`, 'media-tcp': 'no' }, 'lossy', ['--size', '1280x720', '--kbps', '1500'], async (server) => {
    const relay = await Relay.start({ port, serverPort: server.settings['media-port'], loss: 0.02, delayMs: 20, seed: 3 });
    const browser = await chromium();
    const page = await open(browser, `${server.url}/watch/lossy`);
    await until(page, 'playing', isPlaying);
    await sleep(2000);
    const noticed = await freezes(page, 60000);
    console.log(`behind 2 % loss, 60 s: longest time without a new frame ${noticed.longestMs.toFixed(0)} ms, ${noticed.frames} frames, ` +
      `${relay.counts.lost} of ${relay.counts.lost + relay.counts.passed} datagrams lost`);
    await close(browser);
    relay.stop();
  });
}

/** 1,000 joins and leaves: what stays behind. */
async function leaks() {
  await withServer({}, 'leaks', ['--size', '640x360', '--kbps', '500'], async (server) => {
    const descriptors = () => readdirSync(`/proc/${server.child.pid}/fd`).length;
    const join = async (count) => {
      const swarm = start('manycast-load', [`${server.url}/whep/leaks`, '--viewers', String(count), '--ramp', '100', '--duration', '3'], 'swarm');
      await new Promise((resolve) => swarm.once('exit', resolve));
      await sleep(1500);
    };
    await join(200); // pools and caches fill
    const before = { bytes: server.residentBytes(), descriptors: descriptors() };
    for (let round = 0; round < 5; round++) await join(200);
    const after = { bytes: server.residentBytes(), descriptors: descriptors() };
    console.log(`1,000 joins and leaves: memory ${((after.bytes - before.bytes) / 1024).toFixed(0)} KiB more, descriptors ` +
      `${after.descriptors - before.descriptors} more, sessions left ${await server.metric('manycast_viewers')}`);
  });
}

const FIGURES = { 'first-frame': firstFrame, instant, glass, reload, freeze, leaks };
const wanted = process.argv.slice(2);
for (const [name, measure] of Object.entries(FIGURES)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  await measure();
}
await closeAll();
process.exit(0);
