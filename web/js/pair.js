// pair.js - one RTCPeerConnection between two browsers by "perfect negotiation" (W3C WebRTC, section 10.7), and its data channel.
//
// Events (CustomEvent): state; tracks; open (the data channel); data {message}; signal {data} (to be sent to the other one).

const CONNECT_WITHIN_MS = 15000;
const CHANNEL = { negotiated: true, id: 0 };
const MESSAGE_CHARS_MAX = 60000;

export class Pair extends EventTarget {
  /** 'connecting', 'connected', 'reconnecting', or 'failed' (still trying). */
  state = 'connecting';
  /** The other's tracks, each or null: audio, video, screen, screenAudio. */
  remote = { audio: null, video: null, screen: null, screenAudio: null };

  #polite;
  #channel;
  #makingOffer = false;
  #ignoreOffer = false;
  #settingAnswer = false;
  #own = { camera: new MediaStream(), screen: new MediaStream() };
  #senders = new Map();
  #theirs = new Map();
  #theirScreen = null;
  #timer = 0;
  #closed = false;

  /** The polite one gives way when both offer at once: exactly one of the two must be. */
  constructor({ iceServers, polite }) {
    super();
    this.#polite = polite;
    this.pc = new RTCPeerConnection({ iceServers, bundlePolicy: 'max-bundle' });
    this.pc.addEventListener('negotiationneeded', () => this.#offer());
    this.pc.addEventListener('icecandidate', ({ candidate }) => candidate && this.#emit('signal', { data: { candidate: candidate.toJSON() } }));
    this.pc.addEventListener('connectionstatechange', () => this.#watch());
    this.pc.addEventListener('track', ({ streams }) => streams.forEach((stream) => this.#follow(stream)));
    this.#channel = this.pc.createDataChannel('call', CHANNEL);
    this.#channel.addEventListener('open', () => {
      this.#emit('open');
      this.#watch();
    });
    this.#channel.addEventListener('message', ({ data }) => this.#hear(data));
    this.#timer = setTimeout(() => this.#fail(), CONNECT_WITHIN_MS);
  }

  get open() {
    return this.#channel.readyState === 'open';
  }

  /** Sends an object to the other page; returns whether it was sent. */
  send(message) {
    const text = JSON.stringify(message);
    if (!this.open || text.length > MESSAGE_CHARS_MAX) {
      return false;
    }
    this.#channel.send(text);
    return true;
  }

  /** What is to be sent from now on: tracks or null for audio, video, screen, screenAudio. */
  setTracks(tracks) {
    Object.entries(tracks).forEach(([slot, track]) => this.#setTrack(slot, track));
  }

  /** Takes what the other pair's `signal` said. */
  async receive({ description, candidate, screen }) {
    if (this.#closed) {
      return;
    }
    try {
      if (description) {
        this.#theirScreen = screen ?? null;
        await this.#describe(description);
      } else if (candidate) {
        await this.#addCandidate(candidate);
      }
    } catch (error) {
      // The connection will not come up: the timer says so, and tries again.
      console.warn('call:', error);
    }
  }

  close() {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.pc.close();
  }

  #emit(type, detail) {
    if (!this.#closed) {
      this.dispatchEvent(new CustomEvent(type, { detail }));
    }
  }

  #setTrack(slot, track) {
    const sender = this.#senders.get(slot) ?? null;
    const stream = this.#own[slot.startsWith('screen') ? 'screen' : 'camera'];
    if (track === (sender?.track ?? null)) {
      return;
    }
    if (track && sender) {
      sender.replaceTrack(track).catch(() => {});
    } else if (track) {
      this.#senders.set(slot, this.pc.addTrack(track, stream));
    } else {
      this.pc.removeTrack(sender);
      this.#senders.delete(slot);
    }
  }

  async #offer() {
    // The first offer is the impolite one's: Chromium cannot take back one that opens the data channel. What is wanted beside
    // it is asked for again by the browser afterwards.
    if (this.#polite && !this.pc.remoteDescription) {
      return;
    }
    try {
      this.#makingOffer = true;
      await this.pc.setLocalDescription();
      this.#sendDescription();
    } catch (error) {
      console.warn('call:', error);
    } finally {
      this.#makingOffer = false;
    }
  }

  #sendDescription() {
    this.#emit('signal', { data: { description: this.pc.localDescription.toJSON(), screen: this.#own.screen.id } });
  }

  async #describe(description) {
    const readyForOffer = !this.#makingOffer && (this.pc.signalingState === 'stable' || this.#settingAnswer);
    this.#ignoreOffer = description.type === 'offer' && !readyForOffer && !this.#polite;
    if (this.#ignoreOffer) {
      return;
    }
    this.#settingAnswer = description.type === 'answer';
    await this.pc.setRemoteDescription(description).finally(() => { this.#settingAnswer = false; });
    this.#readTracks();
    if (description.type === 'offer') {
      await this.pc.setLocalDescription();
      this.#sendDescription();
    }
  }

  async #addCandidate(candidate) {
    try {
      await this.pc.addIceCandidate(candidate);
    } catch (error) {
      if (!this.#ignoreOffer) {
        throw error;
      }
    }
  }

  #follow(stream) {
    if (!this.#theirs.has(stream.id)) {
      this.#theirs.set(stream.id, stream);
      stream.addEventListener('removetrack', () => this.#readTracks());
    }
    this.#readTracks();
  }

  #readTracks() {
    const trackOf = (kind, isScreen) => [...this.#theirs.values()]
      .filter((stream) => (stream.id === this.#theirScreen) === isScreen)
      .flatMap((stream) => stream.getTracks())
      .find((track) => track.kind === kind && track.readyState === 'live') ?? null;
    this.remote = {
      audio: trackOf('audio', false),
      video: trackOf('video', false),
      screen: trackOf('video', true),
      screenAudio: trackOf('audio', true),
    };
    this.#emit('tracks');
  }

  #hear(data) {
    try {
      const message = JSON.parse(data);
      if (message && typeof message === 'object') {
        this.#emit('data', { message });
      }
    } catch {
      // Not from this page: nothing to say to it.
    }
  }

  #watch() {
    switch (this.pc.connectionState) {
      case 'connected':
        if (this.open) {
          clearTimeout(this.#timer);
          this.#become('connected');
        }
        break;
      case 'disconnected':
        this.#become('reconnecting');
        break;
      case 'failed':
        this.#fail();
        break;
      default:
    }
  }

  #fail() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#fail(), CONNECT_WITHIN_MS);
    this.#become('failed');
    if (!this.#polite) {
      this.pc.restartIce();
    }
  }

  #become(state) {
    this.state = state;
    this.#emit('state');
  }
}
