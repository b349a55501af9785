// test_pattern.js - a source that needs no device: a moving picture with a clock, and a soft tone with a tick a second.

import { encode } from './clock_code.js';

const TONE_HZ = 440;
const TONE_GAIN = 0.06;
const TICK_HZ = 880;
const TICK_GAIN = 0.12;
const TICK_SECONDS = 0.08;
const BARS = ['#c7ccd6', '#c9b458', '#4fb3bf', '#57a773', '#a4508b', '#c8553d', '#3d5a98', '#2a2f3a'];

function twoDigits(value) {
  return String(value).padStart(2, '0');
}

function clockText(date) {
  const time = [date.getHours(), date.getMinutes(), date.getSeconds()].map(twoDigits).join(':');
  return `${time}.${Math.floor(date.getMilliseconds() / 100)}`;
}

function drawBars(context, width, height) {
  BARS.forEach((colour, i) => {
    context.fillStyle = colour;
    context.fillRect((i * width) / BARS.length, 0, width / BARS.length + 1, height * 0.62);
  });
  context.fillStyle = '#12151c';
  context.fillRect(0, height * 0.62, width, height * 0.38);
}

function drawMotion(context, ms, width, height) {
  const phase = (ms % 4000) / 4000;
  const x = (0.5 - 0.5 * Math.cos(phase * 2 * Math.PI)) * (width * 0.88) + width * 0.06;
  const y = height * 0.5 - Math.abs(Math.sin(phase * 4 * Math.PI)) * height * 0.3;
  context.beginPath();
  context.arc(x, y, height * 0.06, 0, 2 * Math.PI);
  context.fillStyle = '#ff4d5e';
  context.fill();
  context.fillStyle = '#ff4d5e';
  context.fillRect(0, height * 0.97, width * ((ms % 1000) / 1000), height * 0.03);
}

function drawClock(context, ms, label, width, height) {
  context.textAlign = 'center';
  context.textBaseline = 'middle';
  context.fillStyle = '#fff';
  context.font = `600 ${Math.round(height * 0.17)}px ui-monospace, Menlo, Consolas, monospace`;
  context.fillText(clockText(new Date(ms)), width / 2, height * 0.76);
  context.fillStyle = '#98a1b3';
  context.font = `${Math.round(height * 0.045)}px system-ui, "Noto Sans CJK SC", sans-serif`;
  context.fillText(label, width / 2, height * 0.9);
}

/** Draws the picture of one moment: bars, a bouncing ball, the time of day and its machine-readable code. */
export function drawPattern(context, ms, label, width, height) {
  drawBars(context, width, height);
  drawMotion(context, ms, width, height);
  drawClock(context, ms, label, width, height);
  encode(context, ms, width, height);
}

class Tone {
  #context = new AudioContext();
  #gain = this.#context.createGain();
  #oscillator = this.#context.createOscillator();
  #destination = this.#context.createMediaStreamDestination();
  #timer = 0;

  constructor() {
    this.#gain.gain.value = TONE_GAIN;
    this.#oscillator.frequency.value = TONE_HZ;
    this.#oscillator.connect(this.#gain).connect(this.#destination);
    this.#oscillator.start();
    this.#timer = setInterval(() => this.#tick(), 1000);
    // After a reload there may have been no gesture yet: the first one starts the tone.
    this.resume = () => this.#context.resume().catch(() => {});
    addEventListener('pointerdown', this.resume);
    addEventListener('keydown', this.resume);
  }

  get track() {
    return this.#destination.stream.getAudioTracks()[0];
  }

  #tick() {
    const at = this.#context.currentTime;
    this.#oscillator.frequency.setValueAtTime(TICK_HZ, at);
    this.#oscillator.frequency.setValueAtTime(TONE_HZ, at + TICK_SECONDS);
    this.#gain.gain.setValueAtTime(TICK_GAIN, at);
    this.#gain.gain.setValueAtTime(TONE_GAIN, at + TICK_SECONDS);
  }

  stop() {
    clearInterval(this.#timer);
    removeEventListener('pointerdown', this.resume);
    removeEventListener('keydown', this.resume);
    this.#context.close();
  }
}

/** Starts the pattern. Returns {audio, video, stop}: two tracks, and how to end both. */
export function startTestPattern({ width, height, fps, label }) {
  const canvas = document.createElement('canvas');
  canvas.width = width;
  canvas.height = height;
  const context = canvas.getContext('2d', { alpha: false });
  const draw = () => drawPattern(context, Date.now(), label, width, height);
  draw();
  const ticker = new Worker(new URL('./ticker.js', import.meta.url));
  ticker.onmessage = draw;
  ticker.postMessage({ everyMs: 1000 / fps });
  const video = canvas.captureStream().getVideoTracks()[0];
  const tone = new Tone();
  const audio = tone.track;
  const stop = () => {
    ticker.terminate();
    tone.stop();
    video.stop();
    audio.stop();
  };
  return { audio, video, stop };
}
