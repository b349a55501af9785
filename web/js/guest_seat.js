// guest_seat.js - a viewer's place beside the host: asks for it, publishes there, comes back to it after a loss or a reload.
//
// Events: change (read `state`, `failure`, `stream`, `source`).
// States: 'off', 'opening' (camera and microphone), 'ready' (open, nobody was asked), 'asking', 'returning' (after a
// reload), 'seated'.

import { openSource } from './capture.js';
import { Publisher } from './publisher.js';
import { rememberedSeat, rememberSeat } from './seat_memory.js';

const CAPTURE = { camera: '', microphone: '', resolution: '480' };
const LIMITS = { videoKbps: 900, fps: 30 };

export class GuestSeat extends EventTarget {
  state = 'off';
  /** Code of what went wrong last, for the page to explain; null when all is well. */
  failure = null;
  /** What one publishes as; null: not seated. */
  stream = null;
  source = null;

  #signaling;
  #room;
  #name = null;
  #publisher = null;

  constructor(signaling, room) {
    super();
    this.#signaling = signaling;
    this.#room = room;
    this.state = rememberedSeat(room) ? 'returning' : 'off';
    const on = (type, listener) => signaling.addEventListener(type, ({ detail }) => listener(detail));
    on('joined', () => this.#rejoined());
    on('asking', () => this.state === 'returning' && this.leave());
    on('accepted', ({ stream }) => this.#accepted(stream));
    on('declined', ({ reason }) => this.#ended(`guest-${reason}`));
    on('error', ({ re, code }) => re === 'ask' && this.#refused(code));
    if (signaling.joined) {
      this.#rejoined();
    }
  }

  /** Of what is published: 'connecting', 'live', 'reconnecting'; 'off' without a place. */
  get publishing() {
    return this.#publisher?.state ?? 'off';
  }

  get peerConnection() {
    return this.#publisher?.peerConnection ?? null;
  }

  /** Opens camera and microphone. */
  async open() {
    this.#set('opening', null);
    if (await this.#openSource()) {
      this.#set('ready');
    } else {
      this.#set('off');
    }
  }

  /** Asks the host. `name` (may be empty) is what others see. */
  ask(name) {
    this.#name = name || null;
    this.#set('asking', null);
    this.#sendAsk();
  }

  /** Gives up whatever was begun. */
  leave() {
    if (['asking', 'returning', 'seated'].includes(this.state)) {
      this.#signaling.send({ type: 'withdraw' });
    }
    this.#ended(null);
  }

  /** Microphone ('audio') or camera ('video') on or off. */
  toggle(kind) {
    const track = this.source?.[kind];
    if (track) {
      track.enabled = !track.enabled;
      this.#set(this.state);
    }
  }

  #set(state, failure = this.failure) {
    this.state = state;
    this.failure = failure;
    this.dispatchEvent(new Event('change'));
  }

  async #openSource() {
    try {
      const source = await openSource('camera', CAPTURE);
      if (!['opening', 'seated'].includes(this.state)) {
        source.stop();
        return false;
      }
      this.source = source;
    } catch (error) {
      this.failure = error.code ?? 'internal';
      return false;
    }
    const { audio, video } = this.source;
    [audio, video].forEach((track) => track?.addEventListener('ended', () => this.source && this.#lostSource()));
    return true;
  }

  #lostSource() {
    this.leave();
    this.#set('off', 'source-ended');
  }

  #sendAsk() {
    this.#signaling.send({ type: 'ask', ...(this.#name && { name: this.#name }) });
  }

  /** The server forgets who asks when the connection is lost; who is seated learns its stream anew. */
  #rejoined() {
    if (['asking', 'returning', 'seated'].includes(this.state)) {
      this.#sendAsk();
    }
    if (this.state === 'seated') {
      rememberSeat(this.#room, this.#signaling.resume);
    }
  }

  async #accepted(stream) {
    if (!['asking', 'returning', 'seated'].includes(this.state) || this.stream === stream) {
      return;
    }
    this.#publisher?.close();
    this.stream = stream;
    rememberSeat(this.#room, this.#signaling.resume);
    this.state = 'seated';
    if (!this.source && !(await this.#openSource())) {
      if (this.state === 'seated') {
        const { failure } = this;
        this.leave();
        this.#set('off', failure);
      }
      return;
    }
    this.#publisher = new Publisher(this.#signaling, stream, { staysInRoom: true });
    this.#publisher.addEventListener('change', () => this.#published());
    this.#publisher.setLimits(LIMITS);
    await this.#publisher.setSource(this.source);
    this.#publisher.start();
    this.#set('seated', null);
  }

  /** The publisher heals itself; when it gives up, the place is of no use. */
  #published() {
    const { state, failure } = this.#publisher;
    if (state === 'off' && failure) {
      this.leave();
      this.#set('off', failure === 'forbidden' ? 'guest-expired' : failure);
    } else {
      this.#set(this.state, failure);
    }
  }

  #refused(code) {
    const explained = { full: 'guest-full', 'too-fast': 'guest-too-fast', 'no-stream': 'guest-no-host' }[code] ?? code;
    if (this.state === 'returning' || this.state === 'seated') {
      this.#ended('guest-expired');
    } else if (this.state === 'asking') {
      this.#set('ready', explained);
    }
  }

  #ended(failure) {
    const publisher = this.#publisher;
    const source = this.source;
    this.#publisher = null;
    this.source = null;
    this.stream = null;
    publisher?.close();
    source?.stop();
    rememberSeat(this.#room, null);
    this.#set('off', failure);
  }
}
