// host_only.js - the broadcaster's page while a program such as OBS sends the picture: joins the room with the stream key,
// to let guests in and keep order, and publishes nothing.
//
// Events: change (read `on` and `failure`).

export class HostOnly extends EventTarget {
  on = false;
  /** Code of why it ended, for the page to explain; null when all is well. */
  failure = null;

  #signaling;

  constructor(signaling) {
    super();
    this.#signaling = signaling;
    signaling.addEventListener('joined', ({ detail }) => this.on && this.#joined(detail.message));
    signaling.addEventListener('refused', ({ detail }) => this.on && this.#end(detail.code));
  }

  start() {
    this.#set(true, null);
    this.#signaling.start();
  }

  stop() {
    this.#end(null);
  }

  /** Without a key nobody but who publishes from a page is the host. */
  #joined({ host }) {
    if (host) {
      this.#set(true, null);
    } else {
      this.#end('no-host');
    }
  }

  #end(failure) {
    this.#signaling.stop();
    this.#set(false, failure);
  }

  #set(on, failure) {
    this.on = on;
    this.failure = failure;
    this.dispatchEvent(new CustomEvent('change'));
  }
}
