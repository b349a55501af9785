// call_talk.js - what two say in a call, over their data channel; the chat list (chat.js) takes it for a room's signaling.

const LINES_MAX = 200;

export class CallTalk extends EventTarget {
  you = 'me';
  /** The lines so far, oldest first. */
  chat = [];

  #pair = () => null;

  /** `pair` returns the Pair of the moment, or null. */
  constructor(pair) {
    super();
    this.#pair = pair;
  }

  get joined() {
    return this.#pair()?.open ?? false;
  }

  send({ text }) {
    const sent = this.joined && this.#pair().send({ type: 'text', text });
    if (sent) {
      this.#add({ from: this.you, text });
    }
    return sent;
  }

  /** Takes a message of the other page; returns whether it was a line. */
  apply({ type, text }) {
    if (type !== 'text' || typeof text !== 'string') {
      return false;
    }
    this.#add({ from: 'other', text });
    return true;
  }

  #add(line) {
    this.chat = [...this.chat, line].slice(-LINES_MAX);
    this.dispatchEvent(new CustomEvent('chat', { detail: line }));
  }
}
