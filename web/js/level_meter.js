// level_meter.js - how loud a track is, ten times a second, and whether it has been silent for too long.

const EVERY_MS = 100;
const FLOOR_DB = -60;
const SILENT_DB = -55;
const SILENT_AFTER_MS = 4000;

export class LevelMeter {
  #context = null;
  #analyser = null;
  #source = null;
  #timer = 0;
  #loudAt = 0;
  #onLevel;

  /** `onLevel` gets {level: 0..1, silent, blocked}: silent for too long; not allowed to listen before a gesture. */
  constructor(onLevel) {
    this.#onLevel = onLevel;
  }

  /** Measures `track` from now on, or nothing if it is null. */
  watch(track) {
    clearInterval(this.#timer);
    this.#source?.disconnect();
    this.#source = null;
    if (!track) {
      this.#onLevel({ level: 0, silent: false, blocked: false });
      return;
    }
    this.#context ??= this.#makeContext();
    this.#analyser ??= new AnalyserNode(this.#context, { fftSize: 1024 });
    this.#source = this.#context.createMediaStreamSource(new MediaStream([track]));
    this.#source.connect(this.#analyser);
    this.#loudAt = performance.now();
    this.#timer = setInterval(() => this.#measure(), EVERY_MS);
  }

  /** Some browsers let it run only after a gesture. */
  #makeContext() {
    const context = new AudioContext();
    ['pointerdown', 'keydown'].forEach((type) => addEventListener(type, () => context.resume().catch(() => {})));
    return context;
  }

  #measure() {
    if (this.#context.state !== 'running') {
      // No level is known, which is not silence.
      this.#loudAt = performance.now();
      this.#onLevel({ level: 0, silent: false, blocked: true });
      return;
    }
    const samples = new Float32Array(this.#analyser.fftSize);
    this.#analyser.getFloatTimeDomainData(samples);
    const power = samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length;
    const decibels = 10 * Math.log10(power + 1e-12);
    if (decibels > SILENT_DB) {
      this.#loudAt = performance.now();
    }
    const level = Math.min(1, Math.max(0, 1 - decibels / FLOOR_DB));
    this.#onLevel({ level, silent: performance.now() - this.#loudAt > SILENT_AFTER_MS, blocked: false });
  }
}
