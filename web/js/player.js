// player.js - the viewer's side of one stream: subscribes, heals, and says what it is doing.
//
// Events (CustomEvent): change (read `phase`, `tracks`, `failure`): the page derives what it shows; offered (an offer left).
// Phases: 'idle' (nobody to watch yet), 'connecting', 'connected', 'retrying', 'failed'
// (only retry() or another stream helps).

import { Backoff } from './backoff.js';
import { Peer } from './peer.js';

const STALL_CHECK_MS = 1000;
const STALL_AFTER_MS = 6000;
const STALL_PATIENCE_MAX_MS = 60000;
const TURN_PATIENCE_MS = 4000;
const FINAL_BYES = new Set(['kicked', 'forbidden']);
const FINAL_ERRORS = new Set(['forbidden', 'unsupported', 'bad-sdp']);

/** Chromium and Firefox decode Opus to one channel unless their own description says stereo. */
function askForStereo(sdp) {
  const opus = /a=rtpmap:(\d+) opus\/48000/i.exec(sdp)?.[1];
  return opus ? sdp.replace(new RegExp(`(a=fmtp:${opus} )(?!.*stereo=1)`), '$1stereo=1;') : sdp;
}

export class Player extends EventTarget {
  phase = 'idle';
  /** Code of what went wrong last, for the page to explain; null when all is well. */
  failure = null;
  tracks = { audio: null, video: null };
  /** performance.now() of the last steps, for measuring the start. */
  marks = {};

  #signaling;
  #stream;
  #peer = null;
  #prepared = null;
  /** The peer is with a server that drains; our socket is with another. */
  #foreign = false;
  #offering = false;
  /** The first try has no TURN servers yet, so it is soon given up for one that has. */
  #hasty = false;
  #retryTimer = 0;
  #backoff = new Backoff({ firstMs: 600, maxMs: 15000 });
  #life = new AbortController();
  #stallTimer;
  #stall = { progress: 0, since: 0, moving: false, patienceMs: STALL_AFTER_MS };

  constructor(signaling, stream) {
    super();
    this.#signaling = signaling;
    this.#stream = stream;
    const on = (type, listener) => signaling.addEventListener(type, (event) => listener(event.detail), { signal: this.#life.signal });
    on('joining', () => this.#peer === null && this.#connect());
    on('joined', ({ resumed, moved }) => this.#rejoined(resumed, moved));
    on('stream-added', (message) => this.#described(message));
    on('stream-changed', (message) => this.#described(message));
    on('stream-removed', (message) => message.stream === this.#stream && this.#rest());
    on('bye', (message) => message.id === this.#peer?.id && this.#dismissed(message.reason));
    this.#stallTimer = setInterval(() => this.#watchStall(), STALL_CHECK_MS);
  }

  get stream() {
    return this.#stream;
  }

  get peerConnection() {
    return this.#peer?.pc ?? null;
  }

  /** What the server says about the stream, or null while there is none. */
  get description() {
    return this.#signaling.streams.get(this.#stream) ?? null;
  }

  /** Readies the first connection while the socket is still being opened. */
  prepare() {
    this.#prepared = this.#makePeer();
    // A failure shows when the offer is needed.
    this.#prepared.prepare().catch(() => {});
  }

  /** Tries again now. */
  retry() {
    this.#backoff.reset();
    this.#connect();
  }

  /** Ends it for good. */
  close() {
    this.#life.abort();
    clearInterval(this.#stallTimer);
    this.#forget();
    this.#dropPeer();
    this.#prepared?.close();
  }

  #set(phase, failure = this.failure) {
    this.phase = phase;
    this.failure = failure;
    this.dispatchEvent(new CustomEvent('change'));
  }

  #rejoined(resumed, moved) {
    this.marks.joined = performance.now();
    if (this.#offering) {
      return;
    }
    this.#foreign = this.#peer !== null && (moved || (this.#foreign && !resumed));
    if (this.#foreign && this.#peer.connected && !this.description?.live) {
      return; // the picture of the server that drains, until there is another
    }
    if (!this.description) {
      this.#rest();
    } else if (!resumed || !this.#peer?.connected) {
      this.#connect();
    }
  }

  #described(message) {
    if (message.stream !== this.#stream || this.#offering) {
      return;
    }
    if (!this.#peer || this.#foreign) {
      if (message.live) {
        this.retry();
      }
    } else if (message.live && ((message.video && !this.tracks.video) || (message.audio && !this.tracks.audio))) {
      this.#renegotiate();
    }
  }

  async #renegotiate() {
    const peer = this.#peer;
    this.#offering = true;
    try {
      await peer.negotiate();
    } catch (error) {
      if (peer === this.#peer && error.code !== 'lost') {
        this.#connect();
        return;
      }
    }
    if (peer === this.#peer) {
      this.#offering = false;
    }
  }

  #dropPeer() {
    clearTimeout(this.#retryTimer);
    this.#peer?.close();
    this.#peer = null;
    this.#foreign = false;
    this.#offering = false;
  }

  /** Nobody to watch: wait for stream-added. The last picture goes with the connection. */
  #rest() {
    this.#dropPeer();
    this.tracks = { audio: null, video: null };
    this.#set('idle', null);
  }

  async #connect() {
    const reconnecting = this.#peer !== null || this.phase === 'retrying';
    this.#forget();
    this.#dropPeer();
    const peer = this.#prepared ?? this.#makePeer();
    this.#prepared = null;
    this.#peer = peer;
    this.#offering = true;
    this.#set(reconnecting ? 'retrying' : 'connecting');
    try {
      this.#hasty = this.#signaling.iceServers.length > 0 && !reconnecting;
      await peer.negotiate(this.#hasty ? { withinMs: TURN_PATIENCE_MS } : {});
      this.marks.answered = performance.now();
    } catch (error) {
      if (peer === this.#peer) {
        this.#refused(error);
      }
      return;
    }
    if (peer === this.#peer) {
      this.#offering = false;
    }
  }

  /** Tells the server that a connection which it may still serve is not needed any more. */
  #forget() {
    if (this.#peer && !this.#offering && !this.#foreign) {
      this.#signaling.send({ type: 'bye', id: this.#peer.id });
    }
  }

  #makePeer() {
    const peer = new Peer({
      signaling: this.#signaling,
      target: { subscribe: this.#stream },
      iceServers: this.#signaling.iceServers,
      mungeOffer: askForStereo,
    });
    peer.pc.addTransceiver('audio', { direction: 'recvonly' });
    peer.pc.addTransceiver('video', { direction: 'recvonly' });
    const tracks = { audio: null, video: null };
    peer.addEventListener('track', ({ detail: { track } }) => {
      tracks[track.kind] = track;
      if (peer === this.#peer) {
        this.tracks = { ...tracks };
        this.dispatchEvent(new CustomEvent('change'));
      }
    });
    peer.addEventListener('offered', () => this.dispatchEvent(new CustomEvent('offered')));
    peer.addEventListener('connected', () => {
      this.marks.connected = performance.now();
      this.#backoff.reset();
      this.#stall.since = performance.now();
      // What brought no media before has to bring some first.
      this.#set('connected', this.failure === 'no-media' ? 'no-media' : null);
    });
    peer.addEventListener('broken', ({ detail }) => peer === this.#peer && this.#broken(detail.stage));
    return peer;
  }

  #broken(stage) {
    // Without a socket there is nobody to offer to; `joined` brings the next try.
    this.#set('retrying', this.#hasty ? this.failure : stage ?? this.failure);
    if (this.#foreign && this.#signaling.joined && !this.description) {
      this.#rest();
    } else if (this.#signaling.joined) {
      this.#retryAfter(this.#backoff.failures === 0 ? 0 : null);
    }
  }

  #retryAfter(ms) {
    clearTimeout(this.#retryTimer);
    const delay = this.#backoff.next();
    this.#retryTimer = setTimeout(() => this.#signaling.joined && this.#connect(), ms ?? delay);
  }

  #refused(error) {
    this.#offering = false;
    switch (error.code) {
      case 'no-stream':
        this.#rest();
        break;
      case 'not-joined':
      case 'lost':
      case 'superseded':
        this.#dropPeer();
        this.#set('retrying');
        break;
      default:
        this.#dropPeer();
        this.#set(FINAL_ERRORS.has(error.code) ? 'failed' : 'retrying', error.code ?? 'internal');
        if (this.phase === 'retrying') {
          this.#retryAfter(null);
        }
    }
  }

  #dismissed(reason) {
    this.#dropPeer();
    if (FINAL_BYES.has(reason)) {
      this.#set('failed', reason);
    } else if (this.description?.live) {
      this.#set('retrying');
      this.#retryAfter(null);
    } else {
      this.#rest();
    }
  }

  /** A connection that is up and brings nothing although the stream is live is made anew, at growing intervals. */
  async #watchStall() {
    const peer = this.#peer;
    const stall = this.#stall;
    if (!peer?.connected || this.#offering || !this.description?.live || !this.#signaling.joined) {
      stall.since = performance.now();
      return;
    }
    const { progress, bytes } = await this.#progress(peer);
    if (bytes > 0 && this.failure === 'no-media' && peer === this.#peer) {
      this.#set(this.phase, null);
    }
    if (progress !== stall.progress) {
      // The first figure of a new connection differs too: only a second change is a recovery.
      const patienceMs = stall.moving ? STALL_AFTER_MS : stall.patienceMs;
      Object.assign(stall, { progress, patienceMs, moving: true, since: performance.now() });
    } else if (performance.now() - stall.since > stall.patienceMs && peer === this.#peer) {
      Object.assign(stall, { since: performance.now(), moving: false, patienceMs: Math.min(stall.patienceMs * 2, STALL_PATIENCE_MAX_MS) });
      this.failure = bytes > 0 ? this.failure : 'no-media';
      this.#connect();
    }
  }

  /** `progress`: pictures decoded; bytes received where there are only sounds. */
  async #progress(peer) {
    const inbound = [...(await peer.pc.getStats()).values()].filter(({ type }) => type === 'inbound-rtp');
    const sum = (field) => inbound.reduce((total, report) => total + (report[field] ?? 0), 0);
    const bytes = sum('bytesReceived');
    return { progress: this.description?.video ? sum('framesDecoded') : bytes, bytes };
  }
}
