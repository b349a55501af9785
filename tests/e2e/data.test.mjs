// Data channels (PROTOCOL.md section 5) between real browsers: what a broadcaster says on its channels comes out at every
// viewer that has some, under the same label and reliability; a viewer's `chat` is a line of the room.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import WebSocket from 'ws';
import { chromium, close, firefox, open, until } from './browsers.mjs';
import { seesMotion } from './senses.mjs';
import { Server } from './server.mjs';

const BIG_BYTES = 60000;

async function browserOf(cleanup, launch) {
  const browser = await launch();
  cleanup.later(() => close(browser));
  return browser;
}

/** In the page: WHIP or WHEP with one offer, complete with its candidates. */
async function install(page) {
  await page.evaluate(() => {
    window.exchange = async (connection, route) => {
      await connection.setLocalDescription();
      const answer = await fetch(route, {
        method: 'POST', headers: { 'Content-Type': 'application/sdp' }, body: connection.localDescription.sdp,
      });
      if (answer.status !== 201) throw new Error(`${answer.status} ${await answer.text()}`);
      const sdp = await answer.text();
      await connection.setRemoteDescription({ type: 'answer', sdp });
      return sdp;
    };
  });
}

/** A broadcaster with a picture and three channels. */
async function publish(page, room) {
  await install(page);
  return page.evaluate(async (name) => {
    const canvas = document.createElement('canvas');
    const context = canvas.getContext('2d');
    setInterval(() => { context.fillStyle = `hsl(${performance.now() % 360} 80% 60%)`; context.fillRect(0, 0, 300, 150); }, 50);
    const connection = new RTCPeerConnection();
    connection.addTransceiver(canvas.captureStream(20).getVideoTracks()[0], { direction: 'sendonly' });
    window.connection = connection;
    window.channels = {
      captions: connection.createDataChannel('字幕', { protocol: 'json' }),
      cursor: connection.createDataChannel('cursor', { ordered: false, maxRetransmits: 0 }),
      clock: connection.createDataChannel('clock', { ordered: true, maxPacketLifeTime: 500 }),
    };
    return window.exchange(connection, `/whip/${name}`);
  }, room);
}

/** A broadcaster, or a viewer, with data channels and nothing else. */
async function talk(page, route) {
  await install(page);
  return page.evaluate(async (to) => {
    window.connection = new RTCPeerConnection();
    window.heard = [];
    window.own = window.connection.createDataChannel('chat');
    window.connection.ondatachannel = ({ channel }) => {
      channel.onmessage = ({ data }) => window.heard.push(`${channel.label}: ${data}`);
    };
    return window.exchange(window.connection, to);
  }, route);
}

/** A broadcaster of a page of its own, over /ws with the browser's stock offers: sound now, the rest when it is asked for. */
async function publishBySocket(page, room) {
  return page.evaluate(async (name) => {
    const connection = new RTCPeerConnection();
    const socket = new WebSocket(`${location.origin.replace('http', 'ws')}/ws`);
    const waiting = [];
    await new Promise((resolve) => { socket.onopen = resolve; });
    socket.onmessage = ({ data }) => {
      const message = JSON.parse(data);
      if (['joined', 'answer'].includes(message.type) || message.re === 'offer') waiting.shift()(message);
    };
    const ask = (message) => new Promise((resolve) => {
      waiting.push(resolve);
      socket.send(JSON.stringify(message));
    });
    connection.onicecandidate = ({ candidate }) => socket.send(JSON.stringify({ type: 'candidate', id: 'up', candidate }));
    window.connection = connection;
    window.offer = async () => {
      await connection.setLocalDescription();
      const answer = await ask({ type: 'offer', id: 'up', publish: 'main', sdp: connection.localDescription.sdp });
      if (answer.type !== 'answer') throw new Error(JSON.stringify(answer));
      await connection.setRemoteDescription(answer);
    };
    await ask({ type: 'join', room: name });
    const audio = new AudioContext();
    const tone = audio.createOscillator();
    const out = audio.createMediaStreamDestination();
    tone.connect(out);
    tone.start();
    connection.addTrack(out.stream.getAudioTracks()[0]);
    await window.offer();
  }, room);
}

/** The picture, and a channel on which it says its name each half second. */
async function addPictureAndChannel(page) {
  return page.evaluate(async () => {
    const canvas = document.createElement('canvas');
    const context = canvas.getContext('2d');
    setInterval(() => { context.fillStyle = `hsl(${performance.now() % 360} 80% 60%)`; context.fillRect(0, 0, 300, 150); }, 50);
    window.picture = window.connection.addTrack(canvas.captureStream(20).getVideoTracks()[0]);
    const channel = window.connection.createDataChannel('late');
    setInterval(() => channel.readyState === 'open' && channel.send('late'), 500);
    await window.offer();
  });
}

/** A viewer; with a channel of its own, if it is to have data channels at all. */
async function watch(page, room, ownChannel) {
  await install(page);
  return page.evaluate(async ({ name, own }) => {
    const connection = new RTCPeerConnection();
    connection.addTransceiver('video', { direction: 'recvonly' });
    window.connection = connection;
    window.heard = {};
    if (own) window.own = connection.createDataChannel(own);
    connection.ondatachannel = ({ channel }) => {
      const { label, protocol, ordered, maxRetransmits, maxPacketLifeTime } = channel;
      const entry = { label, protocol, ordered, maxRetransmits, maxPacketLifeTime, messages: [], closed: false };
      window.heard[label] = entry;
      channel.binaryType = 'arraybuffer';
      channel.onmessage = ({ data }) => {
        const bytes = typeof data === 'string' ? [] : [...new Uint8Array(data)];
        entry.messages.push(typeof data === 'string' ? data : `${bytes.length} bytes, sum ${bytes.reduce((sum, each) => sum + each, 0)}`);
      };
      channel.onclose = () => { entry.closed = true; };
    };
    return window.exchange(connection, `/whep/${name}`);
  }, { name: room, own: ownChannel });
}

const say = (page) => page.evaluate(async (big) => {
  const { captions, cursor, clock } = window.channels;
  captions.send('你好, world');
  captions.send('');
  captions.send(new Uint8Array(big).fill(3));
  clock.send('tick');
  // What may be lost is said more than once.
  for (let i = 0; i < 5; i++) {
    cursor.send(new Uint8Array([1, 2, 250]));
    cursor.send(new ArrayBuffer(0));
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}, BIG_BYTES);

async function hearsAll(page, who) {
  const heard = await until(page, `${who} hears all channels`, () => {
    const { heard } = window;
    return heard['字幕']?.messages.length >= 3 && heard.cursor?.messages.length >= 2 && heard.clock?.messages.length >= 1 && heard;
  });
  assert.deepEqual(heard['字幕'].messages, ['你好, world', '', `${BIG_BYTES} bytes, sum ${3 * BIG_BYTES}`]);
  assert.equal(heard['字幕'].protocol, 'json');
  assert.deepEqual([heard['字幕'].ordered, heard['字幕'].maxRetransmits, heard['字幕'].maxPacketLifeTime], [true, null, null]);
  assert.deepEqual([heard.cursor.ordered, heard.cursor.maxRetransmits, heard.cursor.maxPacketLifeTime], [false, 0, null]);
  assert.deepEqual([heard.clock.ordered, heard.clock.maxRetransmits, heard.clock.maxPacketLifeTime], [true, null, 500]);
  assert.ok(heard.cursor.messages.includes('3 bytes, sum 253') && heard.cursor.messages.includes('0 bytes, sum 0'), JSON.stringify(heard.cursor));
  assert.deepEqual(heard.clock.messages, ['tick']);
}

const counts = async (server) => (await server.metric('manycast_data_opened_total')) - (await server.metric('manycast_data_closed_total'));

async function untilTrue(what, check, withinMs = 15000) {
  for (const ends = Date.now() + withinMs; !(await check());) {
    assert.ok(Date.now() < ends, `waited in vain for: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

const tests = {};

tests["a broadcaster's channels reach Chromium and Firefox, early and late, and a viewer's chat the room"] = async (cleanup) => {
  const server = await Server.start();
  cleanup.later(() => server.down());
  const chromiumBrowser = await browserOf(cleanup, chromium);
  const studio = await open(chromiumBrowser, `${server.url}/missing`);
  const answer = await publish(studio, 'data');
  assert.match(answer, /m=application [1-9]\d* UDP\/DTLS\/SCTP webrtc-datachannel\r\n/);
  assert.match(answer, /a=sctp-port:5000\r\na=max-message-size:65536\r\n/);
  await server.isLive('data');

  // Who has no data channels costs no association.
  const plain = await open(chromiumBrowser, `${server.url}/missing`);
  await watch(plain, 'data', null);
  await until(plain, 'plain viewer connected', () => window.connection.connectionState === 'connected');
  assert.equal(await counts(server), 1);

  const early = await open(chromiumBrowser, `${server.url}/missing`);
  await watch(early, 'data', 'chat');
  await until(early, 'own channel open', () => window.own.readyState === 'open');
  await until(early, 'the three channels', () => Object.keys(window.heard).length === 3);
  const fox = await open(await browserOf(cleanup, firefox), `${server.url}/missing`);
  await watch(fox, 'data', 'chat');
  await until(fox, 'the three channels', () => Object.keys(window.heard).length === 3);
  assert.equal(await counts(server), 3);
  await say(studio);
  await hearsAll(early, 'Chromium');
  await hearsAll(fox, 'Firefox');

  const socket = new WebSocket(`ws://127.0.0.1:${server.port}/ws`);
  cleanup.later(() => socket.terminate());
  await once(socket, 'open');
  const lines = [];
  socket.on('message', (data) => {
    const message = JSON.parse(data);
    if (message.type === 'chat') lines.push(message.text);
    if (message.type === 'joined') lines.push('joined');
  });
  socket.send(JSON.stringify({ type: 'join', room: 'data', name: 'reader' }));
  await untilTrue('joined', () => lines.includes('joined'));
  for (const page of [early, fox]) await page.evaluate(() => window.own.send(`弹幕 from ${navigator.userAgent.includes('Firefox') ? 'Firefox' : 'Chromium'}`));
  await untilTrue('both lines', () => lines.includes('弹幕 from Chromium') && lines.includes('弹幕 from Firefox'));

  // One who comes late gets the channels that are open, and what is said from then on.
  await studio.evaluate(() => window.channels.clock.close());
  await until(fox, 'clock closed', () => window.heard.clock.closed);
  const late = await open(chromiumBrowser, `${server.url}/missing`);
  await watch(late, 'data', 'chat');
  await until(late, 'the two channels', () => Object.keys(window.heard).sort().join() === 'cursor,字幕');
  await studio.evaluate(() => window.channels.captions.send('for all'));
  for (const page of [early, fox, late]) await until(page, 'for all', () => window.heard['字幕'].messages.at(-1) === 'for all');
  assert.deepEqual(await late.evaluate(() => window.heard['字幕'].messages), ['for all']);

  // The picture flows all the while, and closing ends the association.
  await until(late, 'frames', async () => [...(await window.connection.getStats()).values()].some((report) => report.type === 'inbound-rtp' && report.framesDecoded > 10));
  await late.evaluate(() => window.connection.close());
  await untilTrue('the association ended', async () => await counts(server) === 3);
  assert.equal(await server.metric('manycast_data_cut_slow_total'), 0);
};

tests['data channels alone serve broadcaster and viewers, with and without a picture'] = async (cleanup) => {
  const server = await Server.start();
  cleanup.later(() => server.down());
  const browser = await browserOf(cleanup, chromium);
  const [studio, plain, fox] = [
    await open(browser, `${server.url}/missing`), await open(browser, `${server.url}/missing`),
    await open(await browserOf(cleanup, firefox), `${server.url}/missing`),
  ];
  assert.match(await talk(studio, '/whip/alone'), /^(?![^]*m=(audio|video))[^]*m=application [1-9]/);
  await server.isLive('alone');
  for (const page of [plain, fox]) {
    await talk(page, '/whep/alone');
    await until(page, 'own channel open', () => window.own.readyState === 'open');
  }
  await studio.evaluate(() => window.own.send('你好'));
  for (const page of [plain, fox]) await until(page, 'heard', () => window.heard.includes('chat: 你好'));

  // Of a room with a picture, the channels alone.
  const artist = await open(browser, `${server.url}/missing`);
  await publish(artist, 'data');
  await server.isLive('data');
  await talk(plain, '/whep/data');
  await until(plain, 'own channel open', () => window.own.readyState === 'open');
  const socket = new WebSocket(server.url.replace('http', 'ws') + '/ws');
  cleanup.later(() => socket.close());
  await once(socket, 'open');
  const lines = [];
  socket.on('message', (text) => lines.push(JSON.parse(text)));
  socket.send(JSON.stringify({ type: 'join', room: 'data' }));
  await untilTrue('joined', () => lines.some(({ type }) => type === 'joined'));
  await plain.evaluate(() => window.own.send('只有文字'));
  await untilTrue('a line', () => lines.some(({ type, text }) => type === 'chat' && text === '只有文字'));
  await artist.evaluate(() => window.channels.captions.send('字'));
  await until(plain, 'captions', () => window.heard.includes('字幕: 字'));
};

tests['who falls behind on a reliable channel loses its data channels, and nobody else notices'] = async (cleanup) => {
  const server = await Server.start({ 'data-queue-bytes': '65536', 'data-kbps': '20000' });
  cleanup.later(() => server.down());
  const studio = await open(await browserOf(cleanup, chromium), `${server.url}/missing`);
  await publish(studio, 'data');
  await server.isLive('data');
  const swift = await open(studio.browser(), `${server.url}/missing`);
  await watch(swift, 'data', 'own');
  const sleeper = await browserOf(cleanup, chromium);
  const slow = await open(sleeper, `${server.url}/missing`);
  await watch(slow, 'data', 'own');
  for (const page of [swift, slow]) await until(page, 'channels', () => Object.keys(window.heard).length === 3);

  const group = -sleeper.process().pid;
  process.kill(group, 'SIGSTOP');
  cleanup.later(() => process.kill(group, 'SIGCONT'));
  await studio.evaluate(async () => {
    for (let i = 0; i < 40; i++) {
      window.channels.captions.send(new Uint8Array(10000));
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  });
  await untilTrue('cut', async () => await server.metric('manycast_data_cut_slow_total') === 1);
  process.kill(group, 'SIGCONT');
  await until(swift, 'all messages', () => window.heard['字幕'].messages.length === 40);
  assert.equal(await counts(server), 2);
};

tests['a broadcaster adds a picture and a channel to its sound, on the connection that runs'] = async (cleanup) => {
  const server = await Server.start();
  cleanup.later(() => server.down());
  for (const launch of [chromium, firefox]) {
    const browser = await browserOf(cleanup, launch);
    const studio = await open(browser, `${server.url}/missing`);
    await publishBySocket(studio, launch.name);
    await server.isLive(launch.name);
    const viewer = await open(browser, `${server.url}/watch/${launch.name}`);
    await until(viewer, 'sound alone', () => window.manycast?.state === 'playing' && !document.getElementById('audio-card').hidden, undefined, 30000);
    // Another viewer, with data channels from the beginning, on the route that cannot renegotiate.
    const other = await open(browser, `${server.url}/missing`);
    await talk(other, `/whep/${launch.name}`);
    await viewer.evaluate(() => { window.before = window.manycast.peerConnection; });

    await addPictureAndChannel(studio);
    await seesMotion(viewer);
    assert.ok(await viewer.evaluate(() => window.manycast.peerConnection === window.before), 'the viewer connected anew');
    await until(other, 'the channel that came later', () => window.heard.includes('late: late'), undefined, 20000);

    await studio.evaluate(() => {
      window.connection.removeTrack(window.picture);
      return window.offer();
    });
    await until(viewer, 'sound alone again', () => !document.getElementById('audio-card').hidden, undefined, 20000);
    assert.equal(await studio.evaluate(() => window.connection.connectionState), 'connected');
    assert.deepEqual([...studio.problems, ...viewer.problems, ...other.problems], []);
    await close(browser);
  }
};

export default tests;
