// backoff.js - how long to wait before the next try: exponential with jitter, so that a crowd does not return at once.

export class Backoff {
  #firstMs;
  #maxMs;
  #failures = 0;

  constructor({ firstMs = 500, maxMs = 15000 } = {}) {
    this.#firstMs = firstMs;
    this.#maxMs = maxMs;
  }

  /** Failures since the last reset. */
  get failures() {
    return this.#failures;
  }

  /** Counts one failure; returns the delay before the next try, in milliseconds: half fixed, half random. */
  next() {
    const ceiling = Math.min(this.#maxMs, this.#firstMs * 2 ** Math.min(this.#failures, 16));
    this.#failures += 1;
    return ceiling / 2 + (Math.random() * ceiling) / 2;
  }

  reset() {
    this.#failures = 0;
  }
}
