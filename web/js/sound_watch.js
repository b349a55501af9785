// sound_watch.js - warns the broadcaster of sound that viewers cannot use: the server listens to what arrives there
// (`sound` events), so it knows better than the microphone's own level.

import { onLanguageChange } from './i18n.js';
import { showNotice } from './notice.js';
import { personName } from './person_name.js';

const BAD = ['silent', 'clipping'];

export class SoundWatch {
  #signaling;
  #box;
  #own;
  #states = new Map();

  /** Warns in `box`; `own` is the stream of this page, others belong to guests or to a program. */
  constructor(signaling, box, own) {
    this.#signaling = signaling;
    this.#box = box;
    this.#own = own;
    const on = (type, listener) => signaling.addEventListener(type, ({ detail }) => listener(detail));
    on('sound', ({ stream, state }) => this.#set(stream, state));
    on('stream-removed', ({ stream }) => this.#set(stream, 'unknown'));
    // Who is away is heard no more; the server says so anew when sound comes.
    on('stream-changed', ({ stream, live, audio }) => live && audio || this.#set(stream, 'unknown'));
    onLanguageChange(() => this.#show());
  }

  /** Nothing is sent any more. */
  clear() {
    this.#states.clear();
    this.#show();
  }

  #set(stream, state) {
    this.#states.set(stream, state);
    this.#show();
  }

  #show() {
    const bad = [...this.#states].filter(([, state]) => BAD.includes(state));
    const [stream, state] = bad.find(([each]) => each === this.#own) ?? bad[0] ?? [];
    if (stream === undefined) {
      showNotice(this.#box, null);
      return;
    }
    const name = this.#signaling.streams.get(stream)?.name;
    showNotice(this.#box, stream === this.#own ? `sound-${state}` : `sound-${state}-other`, { values: { name: name ? personName(name) : stream } });
  }
}
