// A bad path in user space: a UDP relay before the server's media port, which loses, delays and reorders packets by a seed.
// The server announces the relay's address (media.announce), so that viewers never learn another one.
import dgram from 'node:dgram';
import { once } from 'node:events';
import os from 'node:os';
import { freePort } from './server.mjs';

/** A small generator with a seed (mulberry32), so that a run can be repeated. */
function randomOf(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

/** The machine's own IPv4 address, since browsers do not check loopback ones; loopback where there is no other. */
export function ownAddress() {
  const all = Object.values(os.networkInterfaces()).flat();
  return all.find((each) => each.family === 'IPv4' && !each.internal)?.address ?? '127.0.0.1';
}

export class Relay {
  /** loss: share of datagrams; delayMs and jitterMs each way (jitter reorders); media: whether the server's RTP and RTCP pass. */
  static async start({ serverPort, loss = 0, delayMs = 0, jitterMs = 0, media = true, seed = 1, port }) {
    const relay = new Relay();
    relay.path = { loss, delayMs, jitterMs, media };
    relay.random = randomOf(seed);
    relay.serverPort = serverPort;
    relay.port = port ?? (await freePort());
    relay.outward = new Map(); // client's address -> the socket that speaks for it
    relay.counts = { passed: 0, lost: 0 };
    relay.front = dgram.createSocket('udp4');
    relay.front.on('message', (data, client) => relay.fromClient(data, client));
    relay.front.bind(relay.port, '0.0.0.0');
    await once(relay.front, 'listening');
    relay.front.setRecvBufferSize(4 << 20);
    return relay;
  }

  /** RFC 7983: the first byte tells media from STUN and DTLS. */
  admits(data) {
    return this.path.media || data[0] < 128 || data[0] > 191;
  }

  pass(send) {
    if (this.random() < this.path.loss) {
      this.counts.lost++;
      return;
    }
    this.counts.passed++;
    const delayMs = this.path.delayMs + this.random() * this.path.jitterMs;
    if (delayMs < 1) send();
    else setTimeout(send, delayMs);
  }

  fromClient(data, client) {
    const key = `${client.address}:${client.port}`;
    let socket = this.outward.get(key);
    if (!socket) {
      socket = dgram.createSocket('udp4');
      socket.on('message', (answer) => this.admits(answer) && this.pass(() => this.closed || this.front.send(answer, client.port, client.address)));
      this.outward.set(key, socket);
    }
    this.pass(() => this.closed || socket.send(data, this.serverPort, '127.0.0.1'));
  }

  stop() {
    this.closed = true;
    this.front.close();
    this.outward.forEach((socket) => socket.close());
  }
}
