// likes.js - the heart: clicks are gathered and sent once a second; everybody's rise over the picture.

import { bindLabel, formatNumber, onLanguageChange } from './i18n.js';

const SEND_EVERY_MS = 1000;
const IN_ONE_MAX = 100;
const HEARTS_MAX = 12;
const HUES = [350, 15, 45, 190, 280, 330];

export class Likes {
  #signaling;
  #button;
  #count;
  #sky;
  #total = 0;
  #unsent = 0;
  #shownOwn = 0;
  #timer = 0;

  /** `button` counts and takes clicks; hearts rise in `sky`. Where there is no button, nothing is shown. */
  constructor({ button, sky, signaling }) {
    this.#button = button;
    this.#count = button.querySelector('.like-count');
    this.#sky = sky;
    this.#signaling = signaling;
    button.addEventListener('click', () => this.#click());
    signaling.addEventListener('joined', ({ detail }) => this.#show(detail.message.likes ?? 0));
    signaling.addEventListener('likes', ({ detail }) => this.#hear(detail));
    onLanguageChange(() => this.#show(this.#total));
    this.#show(signaling.likes);
  }

  #show(total) {
    this.#total = total;
    const shown = total + this.#unsent;
    this.#count.textContent = shown > 0 ? formatNumber(shown) : '';
    bindLabel(this.#button, 'likes.label');
  }

  #click() {
    this.#unsent = Math.min(IN_ONE_MAX, this.#unsent + 1);
    this.#rise();
    this.#show(this.#total);
    if (!this.#timer) {
      this.#timer = setTimeout(() => this.#send(), SEND_EVERY_MS);
    }
  }

  #send() {
    this.#timer = 0;
    if (this.#signaling.send({ type: 'like', count: this.#unsent })) {
      this.#shownOwn += this.#unsent;
    }
    this.#total += this.#unsent;
    this.#unsent = 0;
  }

  #hear({ count = 0, total = 0 }) {
    const others = Math.max(0, count - this.#shownOwn);
    this.#shownOwn = Math.max(0, this.#shownOwn - count);
    this.#show(total);
    for (let i = 0; i < Math.min(HEARTS_MAX, others); i++) {
      setTimeout(() => this.#rise(), (i * SEND_EVERY_MS) / HEARTS_MAX);
    }
  }

  #rise() {
    if (document.hidden || this.#sky.childElementCount >= 3 * HEARTS_MAX) {
      return;
    }
    const heart = document.createElement('span');
    heart.className = 'heart';
    heart.textContent = '♥';
    heart.style.setProperty('--drift', `${Math.round(Math.random() * 70 - 35)}px`);
    heart.style.color = `hsl(${HUES[Math.floor(Math.random() * HUES.length)]} 95% 65%)`;
    heart.addEventListener('animationend', () => heart.remove());
    this.#sky.append(heart);
  }
}
