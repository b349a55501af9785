// Pages as the tutorials write them, with the old clients that they use, served by somebody else: two of them meet in
// a room of ours, over long polling and then WebSocket.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { chromium, close, open, until } from './browsers.mjs';
import { root, Server } from './server.mjs';

const clients = path.join(root, 'tests/interop/socketio/node_modules');
const SCRIPTS = { 1: `${clients}/client-1/socket.io.js`, 2: `${clients}/client-2/dist/socket.io.js`, 4: null };

const page = (url, version) => `<!doctype html><title>tutorial</title>
<script src="${SCRIPTS[version] ? `/client-${version}.js` : `${url}/socket.io/socket.io.js`}"></script>
<script>
  var room = 'tutorial-${version}', heard = [];
  var socket = io.connect('${url}');
  ['created', 'join', 'joined', 'ready', 'full', 'message', 'ipaddr', 'bye'].forEach(function (event) {
    socket.on(event, function () { heard.push([event].concat([].slice.call(arguments))); });
  });
  socket.on('log', function (array) { console.log.apply(console, array); });
  socket.emit('create or join', room);
  function has(event) { return heard.some(function (each) { return each[0] === event; }); }
</script>`;

async function meet(browser, site, version) {
  const url = `http://localhost:${site.port}/${version}`;
  const first = await open(browser, url);
  await until(first, 'the first is told that the room is new', () => has('created'));
  const second = await open(browser, url);
  await until(second, 'the second is in', () => has('joined') && has('ready'));
  await until(first, 'the first is told', () => has('join') && has('ready'));
  await second.evaluate(() => {
    socket.emit('message', 'got user media 直播 🎥');
    socket.emit('message', { type: 'offer', sdp: 'v=0' });
    socket.emit('message', new Uint8Array([1, 2, 255]).buffer);
  });
  await until(first, 'three messages', () => heard.filter((each) => each[0] === 'message').length === 3);
  const messages = await first.evaluate(() => heard.filter((each) => each[0] === 'message')
    .map((each) => (each[1] instanceof ArrayBuffer ? [...new Uint8Array(each[1])] : each[1])));
  assert.deepEqual(messages, ['got user media 直播 🎥', { type: 'offer', sdp: 'v=0' }, [1, 2, 255]]);
  await until(first, 'a WebSocket', () => socket.io.engine.transport.name === 'websocket');
  await second.close();
  await until(first, 'the other left', () => has('bye'));
  assert.deepEqual(first.problems, []);
  await first.close();
}

export default {
  async 'pages of the tutorials find each other'(cleanup) {
    const server = await Server.start();
    cleanup.later(() => server.down());
    const site = http.createServer((asked, answer) => {
      const version = /(\d)(\.js)?$/.exec(asked.url)?.[1];
      const isScript = asked.url.endsWith('.js');
      answer.setHeader('Content-Type', isScript ? 'text/javascript; charset=utf-8' : 'text/html; charset=utf-8');
      answer.end(version === undefined ? '' : isScript ? readFileSync(SCRIPTS[version]) : page(server.url, version));
    });
    site.listen(0, '127.0.0.1');
    await once(site, 'listening');
    site.port = site.address().port;
    cleanup.later(() => site.close());
    const browser = await chromium();
    cleanup.later(() => close(browser));
    for (const version of Object.keys(SCRIPTS)) await meet(browser, site, version);
  },
};
