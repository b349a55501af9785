// gateway.mjs PORT JANUS_PORT - WHIP and WHEP in front of Janus' VideoRoom, so that the same broadcaster and the same
// swarm that measure Manycast measure Janus: POST /whip publishes into the room, POST /whep subscribes. Media goes
// between them and Janus directly. Janus makes the offer to a subscriber: the gateway answers it in the viewer's name
// and hands Janus' transport to the viewer as an answer.
import http from 'node:http';

const [port, janusPort] = process.argv.slice(2).map(Number);
const room = 1;
const agent = new http.Agent({ keepAlive: true, maxSockets: 64 });
const waiting = new Map() // transaction -> what to do with its event;
let session = 0;
let transactions = 0;
let feed = null // the broadcaster's id in the room;

function ask(method, path, body) {
  return new Promise((resolve, reject) => {
    const request = http.request(
      { host: '127.0.0.1', port: janusPort, path: `/janus${path}`, method, agent, timeout: 60000 },
      (response) => {
        let text = '';
        response.on('data', (part) => (text += part));
        response.on('end', () => {
          try {
            resolve(JSON.parse(text));
          } catch (error) {
            reject(error);
          }
        });
      },
    );
    request.on('error', reject);
    request.end(body && JSON.stringify(body));
  });
}

async function command(path, fields) {
  const answer = await ask('POST', path, { transaction: `t${++transactions}`, ...fields });
  if (answer.janus === 'error') throw new Error(answer.error.reason);
  return answer;
}

// A message to the plugin; resolves with the event that answers it.
function message(handle, body, jsep) {
  const transaction = `t${++transactions}`;
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => finish(reject, new Error(`Janus is silent on ${body.request}`)), 10000);
    const finish = (how, value) => {
      clearTimeout(timer);
      waiting.delete(transaction);
      how(value);
    };
    waiting.set(transaction, (event) => {
      const error = event.plugindata?.data?.error;
      finish(error ? reject : resolve, error ? new Error(error) : event);
    });
    ask('POST', `/${session}/${handle}`, { janus: 'message', transaction, body, jsep }).catch((error) =>
      finish(reject, error),
    );
  });
}

async function hearEvents() {
  for (;;) {
    const events = await ask('GET', `/${session}?maxev=50`);
    for (const event of [events].flat()) waiting.get(event.transaction)?.(event);
  }
}

async function attach() {
  const answer = await command(`/${session}`, { janus: 'attach', plugin: 'janus.plugin.videoroom' });
  return answer.data.id;
}

async function publish(offer) {
  const handle = await attach();
  const joined = await message(handle, { request: 'join', ptype: 'publisher', room, display: 'broadcaster' });
  const event = await message(
    handle,
    { request: 'publish', audiocodec: 'opus', videocodec: 'vp8' },
    { type: 'offer', sdp: offer },
  );
  feed = joined.plugindata.data.id;
  return { handle, answer: event.jsep.sdp };
}

const sections = (sdp) => sdp.split(/\r\n(?=m=)/);
const line = (sdp, name) => sdp.match(new RegExp(`^a=${name}:.*$`, 'm'))?.[0].trim();

// What the viewer would answer to Janus' offer, with the transport of the viewer's own offer.
function answerFor(offer, viewer) {
  const [head, ...media] = sections(offer.trimEnd());
  const transport = [line(viewer, 'ice-ufrag'), line(viewer, 'ice-pwd'), line(viewer, 'fingerprint')];
  const answered = media.map((section) => [
    ...section
      .split('\r\n')
      .filter((text) => /^(m=|c=|a=(mid|rtpmap|fmtp|rtcp-fb):|a=rtcp-mux)/.test(text)),
    ...transport,
    'a=setup:active',
    'a=recvonly',
  ]);
  const group = line(head, 'group');
  return ['v=0', 'o=- 1 1 IN IP4 127.0.0.1', 's=-', 't=0 0', ...(group ? [group] : []), ...answered.flat(), ''].join(
    '\r\n',
  );
}

async function subscribe(offer) {
  if (feed === null) throw new Error('nobody publishes');
  const handle = await attach();
  const event = await message(handle, { request: 'join', ptype: 'subscriber', room, streams: [{ feed }] });
  const { sdp } = event.jsep;
  await message(handle, { request: 'start' }, { type: 'answer', sdp: answerFor(sdp, offer) });
  return { handle, answer: sdp };
}

async function read(request) {
  let text = '';
  for await (const part of request) text += part;
  return text;
}

async function serve(request, response) {
  const [, what, handle] = request.url.split('/');
  if (request.method === 'DELETE') {
    if (what === 'whip') feed = null;
    await command(`/${session}/${handle}`, { janus: 'detach' });
    response.writeHead(200).end();
    return;
  }
  const offer = await read(request);
  const made = await (what === 'whip' ? publish : subscribe)(offer);
  response.writeHead(201, { 'Content-Type': 'application/sdp', Location: `/${what}/${made.handle}` });
  response.end(made.answer);
}

async function begin() {
  for (let attempt = 0; ; attempt++) {
    try {
      session = (await command('', { janus: 'create' })).data.id;
      return;
    } catch (error) {
      if (attempt === 100) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

await begin();
hearEvents().catch((error) => {
  console.error(`gateway: ${error.message}`);
  process.exit(1);
});
const server = http.createServer((request, response) => {
  serve(request, response).catch((error) => response.writeHead(503).end(`${error.message}\n`));
});
server.listen(port, '127.0.0.1');
