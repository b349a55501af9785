// When a viewer cannot connect, the page names the stage that fails, goes on trying, and plays once it can.
import assert from 'node:assert/strict';
import http from 'node:http';
import path from 'node:path';
import { chromium, close, open, until } from './browsers.mjs';
import { Relay, ownAddress } from './relay.mjs';
import { readsText, seesMotion } from './senses.mjs';
import { outputFolder, Server, stop } from './server.mjs';

const NOWHERE = '192.0.2.1'; // RFC 5737: routed to nobody

/** Source of a function that changes the server's answer before the browser gets it. */
const leadTo = (address, port, tcp) => `(sdp) => sdp${tcp ? '' : ".replace(/^a=candidate:\\S+ \\d+ tcp .*\\r\\n/gim, '')"}
  .replace(/^(a=candidate:\\S+ \\d+ \\S+ \\d+) \\S+ \\d+/gm, '$1 ${address} ${port}')`;

const DTLS_BROKEN = "(sdp) => sdp.replace(/^(a=fingerprint:sha-256) ..:..:/gm, '$1 00:11:')";

/** What stands in a viewer's way: {stage, change, words that the page says}. */
const obstacles = (relay) => [
  { stage: 'ice-tcp', change: leadTo(NOWHERE, 9, true), words: /TCP/ },
  { stage: 'ice-udp', change: leadTo(NOWHERE, 9, false), words: /UDP/ },
  { stage: 'dtls', change: DTLS_BROKEN, words: /DTLS/ },
  { stage: 'no-media', change: leadTo(ownAddress(), relay.port, false), words: /no media/ },
];

/** Runs in the page before its own scripts. */
function obstruct(change) {
  window.obstacle = new Function(`return ${change}`)();
  const original = RTCPeerConnection.prototype.setRemoteDescription;
  RTCPeerConnection.prototype.setRemoteDescription = function set({ type, sdp }) {
    return original.call(this, { type, sdp: window.obstacle?.(sdp) ?? sdp });
  };
}

async function openBehind(browser, url, change) {
  const page = await browser.newPage();
  await page.setViewport({ width: 900, height: 640 });
  await page.evaluateOnNewDocument(obstruct, change);
  await page.goto(url, { waitUntil: 'domcontentloaded' });
  return page;
}

const failsAt = (stage) => document.getElementById('watch')?.dataset.failure === stage && !document.getElementById('curtain').hidden;
const isPlaying = () => window.manycast?.state === 'playing';

/** Something else answers at the server's port. */
async function impostor(cleanup, server, status) {
  const other = http.createServer((request, response) => response.writeHead(status).end());
  other.on('upgrade', (request, socket) => socket.end(`HTTP/1.1 ${status} no\r\n\r\n`));
  const end = () => new Promise((resolve) => { other.closeAllConnections(); other.close(resolve); });
  cleanup.later(end);
  await new Promise((resolve) => other.listen(server.port, resolve));
  return end;
}

export default {
  async 'a viewer is told which stage fails: UDP, TCP, DTLS, no media; and it plays once nothing is in the way'(cleanup) {
    const server = await Server.start();
    cleanup.later(() => server.down());
    const publisher = server.publish('demo', ['--size', '640x360', '--kbps', '600']);
    cleanup.later(() => stop(publisher));
    await server.isLive('demo');
    const browser = await chromium();
    cleanup.later(() => close(browser));
    const empty = await open(browser, `${server.url}/watch/empty`);
    const studio = await openBehind(browser, `${server.url}/live/own?source=test`, DTLS_BROKEN);
    await studio.waitForSelector('#go-live');
    await studio.$eval('#go-live', (button) => button.click());
    const relay = await Relay.start({ serverPort: server.settings['media-port'], media: false });
    cleanup.later(() => relay.stop());
    const pages = await Promise.all(obstacles(relay).map(({ change }) => openBehind(browser, `${server.url}/watch/demo`, change)));
    await Promise.all(obstacles(relay).map(async ({ stage, words }, i) => {
      await until(pages[i], stage, failsAt, stage, 40000);
      assert.match(await readsText(pages[i]), words);
      await pages[i].screenshot({ path: path.join(outputFolder, `stage-${stage}.png`) });
    }));
    await Promise.all(pages.map(async (page) => {
      await page.evaluate(() => { window.obstacle = null; });
      await until(page, 'playing by itself', isPlaying, undefined, 60000);
      await seesMotion(page);
    }));
    await until(studio, 'the same for who goes live', () => document.getElementById('notice').dataset.code === 'dtls', undefined, 30000);
    await studio.evaluate(() => { window.obstacle = null; });
    await until(studio, 'live by itself', () => window.manycast.state === 'live', undefined, 30000);
    await until(empty, 'waiting is no failure', () => window.manycast.state === 'waiting' && document.getElementById('watch').dataset.failure === '');
  },

  async 'a viewer is told whether the server, a proxy before it or the WebSocket fails'(cleanup) {
    const server = await Server.start();
    cleanup.later(() => server.down());
    const browser = await chromium();
    cleanup.later(() => close(browser));
    const page = await open(browser, `${server.url}/watch/demo`);
    await until(page, 'waiting', () => window.manycast?.state === 'waiting');
    await server.down();
    await until(page, 'no answer', failsAt, 'server-unreachable', 30000);
    const end = await impostor(cleanup, server, 502);
    await until(page, 'an error', failsAt, 'http-status', 30000);
    assert.match(await readsText(page), /502/);
    await end();
    const endAgain = await impostor(cleanup, server, 403);
    await until(page, 'no WebSocket', failsAt, 'websocket', 30000);
    await endAgain();
    await server.up();
    await until(page, 'waiting again', () => window.manycast.state === 'waiting', undefined, 30000);
  },
};
