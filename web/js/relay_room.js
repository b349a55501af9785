// relay_room.js - a room of two on the server's relay, over Socket.IO: who is there, and messages to the other one.
//
// Events (CustomEvent): alone; ready {polite} (two are here: begin a call); message {data}; left (the other is gone);
// full; refused {code}; lost (no connection to the server: it is tried again by itself).

const GHOST_RETRY_MS = 2000;
// As long as the server takes to notice that our connection of before is dead.
const GHOST_MS = 60000;

export class RelayRoom extends EventTarget {
  #room;
  #socket = null;
  #polite = false;
  #here = false;
  #retryTimer = 0;

  constructor(room) {
    super();
    this.#room = room;
  }

  start() {
    // WebSocket first; polling where a proxy allows nothing else. `io` is the stock client (/socket.io/socket.io.js).
    this.#socket = window.io({ transports: ['websocket', 'polling'], tryAllTransports: true });
    const on = (type, listener) => this.#socket.on(type, listener);
    on('connect', () => this.#enter());
    on('disconnect', () => this.#lose());
    on('connect_error', () => this.#emit('lost'));
    on('created', () => this.#entered(false));
    on('joined', () => this.#entered(true));
    on('join', () => { this.#polite = false; });
    on('ready', () => this.#emit('ready', { polite: this.#polite }));
    on('message', (data) => this.#emit('message', { data }));
    on('bye', () => this.#emit('left'));
    on('full', () => this.#full());
    on('failed', (error) => this.#emit('refused', { code: error?.code }));
  }

  get connected() {
    return this.#socket?.connected ?? false;
  }

  /** To the other one; what was said before a connection was lost is not said later. */
  send(data) {
    if (this.connected) {
      this.#socket.emit('message', data);
    }
  }

  /** Asks for a place again, after `full`. */
  enterAgain() {
    if (this.connected) {
      this.#enter();
    }
  }

  /** For good, or (the page is about to be loaded again) to come back in a moment. */
  stop({ comesBack = false } = {}) {
    clearTimeout(this.#retryTimer);
    this.#remember(comesBack && this.#here ? Date.now() : 0);
    this.#socket?.emit('bye');
    this.#socket?.disconnect();
    this.#socket = null;
  }

  #emit(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }

  #enter() {
    clearTimeout(this.#retryTimer);
    this.#socket.emit('create or join', this.#room);
  }

  #lose() {
    if (this.#here) {
      this.#here = false;
      this.#remember(Date.now());
    }
    this.#emit('lost');
  }

  #entered(polite) {
    this.#polite = polite;
    this.#here = true;
    if (!polite) {
      this.#emit('alone');
    }
  }

  /** The one who takes our place may be ourselves, on a connection that the server does not know to be dead. */
  #full() {
    if (Date.now() - this.#remembered() < GHOST_MS) {
      this.#retryTimer = setTimeout(() => this.enterAgain(), GHOST_RETRY_MS);
      this.#emit('lost');
    } else {
      this.#emit('full');
    }
  }

  get #key() {
    return `manycast.call.${this.#room}`;
  }

  #remember(at) {
    try {
      sessionStorage.setItem(this.#key, String(at));
    } catch {
      // No storage: after a loss of the connection a full room is believed at once.
    }
  }

  #remembered() {
    try {
      return Number(sessionStorage.getItem(this.#key) ?? 0);
    } catch {
      return 0;
    }
  }
}
