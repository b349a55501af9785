// peer.js - one RTCPeerConnection with the server: offer and answer over signaling, and a watch over its health.
//
// Events (CustomEvent): offered; track {track}; connected; broken {reason, stage}: 'failed' (ICE or DTLS gave up), 'timeout' (never
// came up); stage is what did not come up: 'ice-udp' (the server offers no TCP), 'ice-tcp' (nor that), 'dtls'; null if all once did.
// A connection that is only disconnected for a moment is left alone; after `disconnectedMs` it counts as broken.

const CONNECT_WITHIN_MS = 10000;
const DISCONNECTED_MS = 3000;

let serial = 0;

const asIs = (sdp) => sdp;

export class Peer extends EventTarget {
  #signaling;
  #target;
  #mungeOffer;
  #mungeAnswer;
  #timer = 0;
  #closed = false;
  #iceUp = false;
  #wasConnected = false;
  #prepared = null;
  #early = [];
  #onCandidate;

  /**
   * `target` is {publish: STREAM} or {subscribe: STREAM}. With `trickle` our candidates are sent to the server;
   * its ICE-lite side for viewers needs none, it answers where the checks come from.
   */
  constructor({ signaling, target, iceServers = [], trickle = false, mungeOffer = asIs, mungeAnswer = asIs }) {
    super();
    serial += 1;
    this.id = `${Object.keys(target)[0]}-${serial}-${Math.random().toString(36).slice(2, 8)}`;
    this.pc = new RTCPeerConnection({ iceServers, bundlePolicy: 'max-bundle' });
    this.#signaling = signaling;
    this.#target = target;
    this.#mungeOffer = mungeOffer;
    this.#mungeAnswer = mungeAnswer;
    this.#onCandidate = (event) => this.#remoteCandidate(event.detail);
    signaling.addEventListener('candidate', this.#onCandidate);
    this.pc.addEventListener('connectionstatechange', () => this.#watch());
    this.pc.addEventListener('iceconnectionstatechange', () => {
      this.#iceUp ||= ['connected', 'completed'].includes(this.pc.iceConnectionState);
    });
    this.pc.addEventListener('track', (event) => this.#emit('track', { track: event.track }));
    if (trickle) {
      this.pc.addEventListener('icecandidate', ({ candidate }) => this.#sendCandidate(candidate));
    }
  }

  get connected() {
    return this.pc.connectionState === 'connected';
  }

  get closed() {
    return this.#closed;
  }

  /** Makes the first offer ahead of time, so that negotiate() has only to send it. */
  prepare() {
    this.#prepared ??= this.#offer(false);
    return this.#prepared;
  }

  /** Offers and applies the answer; also renegotiates and, with iceRestart, finds a new path. Rejects as request() does. */
  async negotiate({ iceRestart = false, withinMs = CONNECT_WITHIN_MS } = {}) {
    await (this.#prepared ?? this.#offer(iceRestart));
    this.#prepared = null;
    if (this.#closed) {
      return;
    }
    const sdp = this.pc.localDescription.sdp;
    const answering = this.#signaling.request({ type: 'offer', id: this.id, sdp, ...this.#target });
    this.#emit('offered');
    const answer = await answering;
    if (this.#closed) {
      return;
    }
    await this.pc.setRemoteDescription({ type: 'answer', sdp: this.#mungeAnswer(answer.sdp) });
    this.#early.splice(0).forEach((candidate) => this.#addCandidate(candidate));
    if (!this.connected || iceRestart) {
      this.#breakAfter(withinMs, 'timeout');
    }
  }

  close() {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#signaling.removeEventListener('candidate', this.#onCandidate);
    this.pc.close();
  }

  async #offer(iceRestart) {
    const offer = await this.pc.createOffer({ iceRestart });
    await this.pc.setLocalDescription({ type: 'offer', sdp: this.#mungeOffer(offer.sdp) });
  }

  #emit(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }

  #watch() {
    if (this.#closed) {
      return;
    }
    switch (this.pc.connectionState) {
      case 'connected':
        clearTimeout(this.#timer);
        this.#wasConnected = true;
        this.#emit('connected');
        break;
      case 'disconnected':
        this.#breakAfter(DISCONNECTED_MS, 'failed');
        break;
      case 'failed':
        this.#breakAfter(0, 'failed');
        break;
      default:
    }
  }

  #breakAfter(ms, reason) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#closed || this.#emit('broken', { reason, stage: this.#stage() }), ms);
  }

  #stage() {
    if (this.#wasConnected) {
      return null;
    }
    if (this.#iceUp) {
      return 'dtls';
    }
    return /^a=candidate:\S+ \d+ tcp /im.test(this.pc.remoteDescription?.sdp ?? '') ? 'ice-tcp' : 'ice-udp';
  }

  #sendCandidate(candidate) {
    this.#signaling.send({ type: 'candidate', id: this.id, candidate: candidate ? candidate.toJSON() : null });
  }

  #remoteCandidate({ id, candidate }) {
    if (id !== this.id || !candidate) {
      return;
    }
    if (this.pc.remoteDescription) {
      this.#addCandidate(candidate);
    } else {
      this.#early.push(candidate);
    }
  }

  #addCandidate(candidate) {
    // A candidate that this browser cannot use is no failure: others may do.
    this.pc.addIceCandidate(candidate).catch(() => {});
  }
}
