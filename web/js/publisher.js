// publisher.js - the broadcaster's side: publishes the tracks it is given, heals, and says what it is doing.
//
// Events (CustomEvent): change (read `state` and `failure`).
// States: 'off', 'connecting', 'live', 'reconnecting'.

import { Backoff } from './backoff.js';
import { Peer } from './peer.js';

const RESTART_WITHIN_MS = 6000;
const FINAL_BYES = new Set(['taken-over', 'kicked', 'dismissed', 'bit-rate']);
const FINAL_ERRORS = new Set(['forbidden', 'unsupported', 'bad-sdp', 'bad-message', 'bad-room']);
const AUDIO_KBPS = 96;
const START_SHARE = 0.6;
// VP8 is decoded everywhere; H.264 next, for hardware and for players that know nothing else.
const CODEC_ORDER = ['video/vp8', 'video/h264', 'video/vp9', 'video/av1'];

function codecRank({ mimeType }) {
  const rank = CODEC_ORDER.indexOf(mimeType.toLowerCase());
  return rank < 0 ? CODEC_ORDER.length : rank;
}

function preferCodecs(transceiver) {
  const codecs = RTCRtpSender.getCapabilities?.('video')?.codecs;
  try {
    transceiver.setCodecPreferences(codecs.slice().sort((a, b) => codecRank(a) - codecRank(b)));
  } catch {
    // The browser's own order serves as well.
  }
}

/**
 * Chromium begins at 300 kbit/s and takes half a minute to reach a good picture, unless the answer tells where to start;
 * its congestion control corrects what is too much within a second. Others ignore the parameter.
 */
function startBitrate(sdp, kbps) {
  const parameter = `x-google-start-bitrate=${Math.round(kbps)}`;
  return sdp.replace(/a=rtpmap:(\d+) (?:VP8|VP9|H264|AV1)\/90000\r\n/g, (line, payloadType) =>
    sdp.includes(`a=fmtp:${payloadType} `) ? line : `${line}a=fmtp:${payloadType} ${parameter}\r\n`,
  ).replace(/(a=fmtp:\d+ )(?=[^\r\n]*(?:profile|level|tier))/g, `$1${parameter};`);
}

export class Publisher extends EventTarget {
  state = 'off';
  /** Code of what went wrong last, for the page to explain; null when all is well. */
  failure = null;

  #signaling;
  #stream;
  #staysInRoom;
  #life = new AbortController();
  #source = { audio: null, video: null, detail: false };
  #limits = { videoKbps: 2500, fps: 30 };
  #peer = null;
  #offering = false;
  #retryTimer = 0;
  #backoff = new Backoff({ firstMs: 500, maxMs: 10000 });

  /** Who `staysInRoom` watches there too: ending the broadcast does not leave it. */
  constructor(signaling, stream, { staysInRoom = false } = {}) {
    super();
    this.#staysInRoom = staysInRoom;
    this.#signaling = signaling;
    this.#stream = stream;
    const on = (type, listener) => signaling.addEventListener(type, (event) => listener(event.detail), { signal: this.#life.signal });
    on('joining', () => this.state !== 'off' && !this.#peer && this.#publish());
    on('joined', ({ resumed }) => this.#rejoined(resumed));
    on('refused', ({ code }) => this.state !== 'off' && this.#refused({ code }));
    on('bye', (message) => message.id === this.#peer?.id && this.#dismissed(message.reason));
  }

  get peerConnection() {
    return this.#peer?.pc ?? null;
  }

  /** What to send: tracks or null, and whether detail matters more than motion (a screen). While live it changes over. */
  async setSource(source) {
    const kinds = (from) => ['audio', 'video'].filter((kind) => from[kind]).join();
    const sameKinds = kinds(source) === kinds(this.#source);
    this.#source = source;
    if (!this.#peer || this.state === 'off') {
      return;
    }
    if (!sameKinds) {
      this.#publish();
      return;
    }
    await Promise.all(this.#peer.pc.getSenders().map((sender) => sender.replaceTrack(source[sender.track.kind])));
    this.#applyLimits();
  }

  setLimits(limits) {
    this.#limits = limits;
    this.#applyLimits();
  }

  start() {
    this.failure = null;
    this.#backoff.reset();
    this.#set('connecting');
    if (this.#signaling.joined) {
      this.#publish();
    } else {
      this.#signaling.start();
    }
  }

  /** Ends the broadcast for everybody at once and leaves the room. */
  async stop() {
    const id = this.#peer?.id;
    this.#set('off', null);
    if (id) {
      await this.#signaling.request({ type: 'bye', id, end: true }).catch(() => {});
    }
    if (this.state === 'off') {
      this.#dropPeer();
      this.#leaveRoom();
    }
  }

  /** Ends it without a word, for good. */
  close() {
    this.#life.abort();
    this.state = 'off';
    this.#dropPeer();
  }

  #leaveRoom() {
    if (!this.#staysInRoom) {
      this.#signaling.stop();
    }
  }

  #set(state, failure = this.failure) {
    this.state = state;
    this.failure = failure;
    this.dispatchEvent(new CustomEvent('change'));
  }

  #rejoined(resumed) {
    const healthy = this.#offering || (resumed && this.#peer?.connected);
    if (this.state !== 'off' && !healthy) {
      this.#publish();
    }
  }

  #dropPeer() {
    clearTimeout(this.#retryTimer);
    this.#peer?.close();
    this.#peer = null;
    this.#offering = false;
  }

  async #publish() {
    this.#dropPeer();
    const peer = this.#makePeer();
    this.#peer = peer;
    this.#offering = true;
    try {
      await peer.negotiate();
    } catch (error) {
      if (peer === this.#peer) {
        this.#refused(error);
      }
      return;
    }
    if (peer === this.#peer) {
      this.#offering = false;
      this.#applyLimits();
    }
  }

  #makePeer() {
    const peer = new Peer({
      signaling: this.#signaling,
      target: { publish: this.#stream },
      iceServers: this.#signaling.iceServers,
      trickle: true,
      mungeAnswer: (sdp) => startBitrate(sdp, this.#limits.videoKbps * START_SHARE),
    });
    const stream = new MediaStream([this.#source.audio, this.#source.video].filter(Boolean));
    stream.getTracks().forEach((track) => {
      const transceiver = peer.pc.addTransceiver(track, { direction: 'sendonly', streams: [stream] });
      if (track.kind === 'video') {
        preferCodecs(transceiver);
      }
    });
    peer.addEventListener('connected', () => {
      this.#backoff.reset();
      this.#set('live', null);
    });
    peer.addEventListener('broken', ({ detail }) => peer === this.#peer && this.#broken(detail));
    return peer;
  }

  /** First a new path for the same connection, which keeps the encoder going; then a new connection. */
  async #broken({ reason, stage }) {
    const wasLive = this.state === 'live';
    this.#set('reconnecting', stage === null ? this.failure : stage === 'dtls' ? 'dtls' : 'ice-publish');
    if (!this.#signaling.joined) {
      return;
    }
    if (wasLive && reason === 'failed') {
      try {
        await this.#peer.negotiate({ iceRestart: true, withinMs: RESTART_WITHIN_MS });
        return;
      } catch {
        // Falls through to a new connection.
      }
    }
    this.#retryAfter(this.#backoff.next());
  }

  #retryAfter(ms) {
    clearTimeout(this.#retryTimer);
    this.#retryTimer = setTimeout(() => this.state !== 'off' && this.#signaling.joined && this.#publish(), ms);
  }

  #refused(error) {
    this.#dropPeer();
    // Somebody else is live here; but after a loss it may be our own old session that the server has not given up yet.
    const taken = error.code === 'busy' && this.state === 'connecting';
    if (taken || FINAL_ERRORS.has(error.code)) {
      this.#set('off', error.code);
      this.#leaveRoom();
      return;
    }
    const lost = ['lost', 'superseded', 'not-joined'].includes(error.code);
    this.#set('reconnecting', lost ? this.failure : error.code ?? 'internal');
    if (!lost) {
      this.#retryAfter(this.#backoff.next());
    }
  }

  #dismissed(reason) {
    this.#dropPeer();
    if (this.state === 'off') {
      return;
    }
    if (FINAL_BYES.has(reason)) {
      this.#set('off', reason);
      this.#leaveRoom();
    } else {
      this.#set('reconnecting');
      this.#retryAfter(this.#backoff.next());
    }
  }

  #applyLimits() {
    this.#peer?.pc.getSenders().forEach((sender) => {
      if (!sender.track) {
        return;
      }
      const video = sender.track.kind === 'video';
      const parameters = sender.getParameters();
      if (!parameters.encodings?.length) {
        return;
      }
      parameters.encodings[0].maxBitrate = (video ? this.#limits.videoKbps : AUDIO_KBPS) * 1000;
      if (video) {
        parameters.encodings[0].maxFramerate = this.#limits.fps;
        parameters.degradationPreference = this.#source.detail ? 'maintain-resolution' : 'balanced';
        sender.track.contentHint = this.#source.detail ? 'detail' : 'motion';
      }
      sender.setParameters(parameters).catch(() => {});
    });
  }
}
