// A viewer behind a path that loses, delays and reorders.
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { chromium, close, firefox, open, until } from './browsers.mjs';
import { Relay, ownAddress } from './relay.mjs';
import { freezes, hearsTone, seesMotion } from './senses.mjs';
import { freePort, Server, stop } from './server.mjs';

const isPlaying = () => window.manycast?.state === 'playing';

async function behind(cleanup, path) {
  const port = await freePort();
  const server = await Server.start({ 'media-announce': `${ownAddress()}:${port}`, 'media-tcp': 'no', 'auth-admin-key': 'boss' });
  cleanup.later(() => server.down());
  const relay = await Relay.start({ port, serverPort: server.settings['media-port'], ...path });
  cleanup.later(() => relay.stop());
  const publisher = server.publish('lossy', ['--size', '640x360', '--kbps', '800']);
  cleanup.later(() => stop(publisher));
  return { server, relay };
}

async function watch(cleanup, launch, server) {
  const browser = await launch();
  cleanup.later(() => close(browser));
  const page = await open(browser, `${server.url}/watch/lossy`);
  await until(page, 'playing', isPlaying, undefined, 30000);
  await seesMotion(page);
  return page;
}

// What the operator is told of the one viewer, as soon as that says what wanted looks for.
async function told(server, wanted) {
  let viewer;
  for (let waited = 0; waited < 30000; waited += 500) {
    const answer = await fetch(`${server.url}/api/rooms/lossy`, { headers: { authorization: 'Bearer boss' } });
    viewer = (await answer.json()).sessions.find(({ role }) => role === 'viewer');
    if (wanted(viewer)) return viewer;
    await sleep(500);
  }
  assert.fail(JSON.stringify(viewer));
}

export default {
  async '2 % loss and 20 ms each way: Chromium sees no freeze of a second, and hears the tone'(cleanup) {
    const { server, relay } = await behind(cleanup, { loss: 0.02, delayMs: 20, jitterMs: 8, seed: 7 });
    const page = await watch(cleanup, chromium, server);
    await hearsTone(page);
    const noticed = await freezes(page, 15000);
    assert.ok(relay.counts.lost > 20, `the path lost ${relay.counts.lost}`);
    assert.ok(noticed.frames > 200, JSON.stringify(noticed));
    assert.ok(noticed.longestMs < 1000, JSON.stringify(noticed));
    assert.ok((await server.metric('manycast_packets_resent_total')) > 0);
    const viewer = await told(server, ({ loss_percent, rtt_ms }) => loss_percent > 0 && rtt_ms >= 40);
    assert.ok(viewer.loss_percent < 30 && viewer.rtt_ms < 500 && viewer.nacks > 0 && viewer.first_packet_ms > 20, JSON.stringify(viewer));
    assert.match(viewer.browser, /^Chrome \d+$/);
    assert.equal(viewer.transport, 'udp');
    assert.ok(viewer.bytes > 500000, JSON.stringify(viewer));
  },

  async '10 % loss: the picture goes on in Firefox'(cleanup) {
    const { server } = await behind(cleanup, { loss: 0.1, delayMs: 10, jitterMs: 5, seed: 11 });
    const page = await watch(cleanup, firefox, server);
    const noticed = await freezes(page, 10000);
    assert.ok(noticed.frames > 60, JSON.stringify(noticed));
  },
};
