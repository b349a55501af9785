// danmaku_layer.js - chat lines that fly over the picture (弹幕), and what the viewer sets about them.
//
// A line is text and nothing else. What comes faster than the set rate, or finds no room, is not flown, only listed in
// the chat: lines do not cover each other, and the page keeps its frame rate however many talk.

import Danmaku from './danmaku.js';
import { bindLabel } from './i18n.js';

const STORAGE_KEY = 'manycast.danmaku';
const DEFAULTS = { on: true, opacity: 85, size: 100, area: 50, rate: 20 };
const LIMITS = { opacity: [20, 100], size: [60, 180], area: [25, 100], rate: [1, 60] };
const FLIGHT_SECONDS = 8;
const FONT_PX = 22;
const NARROW_PX = 600; // pictures less wide have smaller text
const ROW_EM = 1.4;
const GAP_EM = 1.5;
const TEXT_MAX = 100;
const KEPT_LINES = 200;

const byId = (id) => document.getElementById(id);

function within(value, [least, most], fallback) {
  return Number.isFinite(value) ? Math.min(most, Math.max(least, value)) : fallback;
}

function stored() {
  let found = {};
  try {
    found = JSON.parse(localStorage.getItem(STORAGE_KEY)) ?? {};
  } catch {
    // No storage, or not ours: the defaults.
  }
  const settings = { on: found.on !== false };
  Object.entries(LIMITS).forEach(([key, range]) => {
    settings[key] = within(found[key], range, DEFAULTS[key]);
  });
  return settings;
}

function store(settings) {
  try {
    localStorage.setItem(STORAGE_KEY, JSON.stringify(settings));
  } catch {
    // No storage: the settings last for this page.
  }
}

export class DanmakuLayer {
  #settings = stored();
  #signaling;
  #box = byId('danmaku');
  #danmaku;
  #tokens = 0;
  #freePx = 0;
  /** Full at first: the layer comes after the picture, and the next line may come at once. */
  #filledAt = -Infinity;
  #flown = 0;
  #withheld = 0;

  constructor(signaling) {
    this.#signaling = signaling;
    this.#danmaku = new Danmaku({ container: this.#box });
    this.#bindControls();
    this.#apply();
    signaling.addEventListener('chat', ({ detail }) => this.#fly(detail));
    new ResizeObserver(() => this.#resize()).observe(this.#box);
  }

  /** How many lines flew and how many were only listed; for tests. */
  get counts() {
    return { flown: this.#flown, withheld: this.#withheld };
  }

  #bindControls() {
    byId('danmaku-toggle').addEventListener('click', () => this.#set('on', !this.#settings.on));
    const panel = byId('danmaku-settings');
    byId('danmaku-open').addEventListener('click', () => {
      panel.hidden = !panel.hidden;
      byId('danmaku-open').setAttribute('aria-expanded', String(!panel.hidden));
    });
    Object.entries(LIMITS).forEach(([key, [least, most]]) => {
      const input = byId(`danmaku-${key}`);
      Object.assign(input, { min: least, max: most });
      input.value = this.#settings[key];
      input.addEventListener('input', () => this.#set(key, Number(input.value)));
    });
  }

  #set(key, value) {
    this.#settings[key] = value;
    store(this.#settings);
    this.#apply();
  }

  #apply() {
    const { on, opacity, area } = this.#settings;
    this.#box.style.opacity = opacity / 100;
    this.#box.style.height = `${area}%`;
    byId('danmaku-toggle').setAttribute('aria-pressed', String(on));
    bindLabel(byId('danmaku-toggle'), on ? 'danmaku.off' : 'danmaku.on');
    Object.keys(LIMITS).forEach((key) => {
      byId(`danmaku-${key}-value`).textContent = key === 'rate' ? this.#settings.rate : `${this.#settings[key]}%`;
    });
    if (on) {
      this.#danmaku.show();
    } else {
      this.#danmaku.hide();
    }
    this.#resize();
  }

  /** Every line takes as long over its way, whatever the width. */
  #resize() {
    this.#danmaku.resize();
    this.#danmaku.speed = Math.max(1, this.#box.offsetWidth / FLIGHT_SECONDS);
  }

  get #fontPx() {
    return (FONT_PX * Math.min(1, 0.5 + this.#box.offsetWidth / NARROW_PX / 2) * this.#settings.size) / 100;
  }

  /** Time brings lines by the set rate, and free room at the right edge of the rows. */
  #fill() {
    const now = performance.now();
    const seconds = (now - this.#filledAt) / 1000;
    const { rate } = this.#settings;
    const rows = Math.max(1, Math.floor(this.#box.offsetHeight / (this.#fontPx * ROW_EM)));
    const roomPx = rows * this.#danmaku.speed;
    this.#filledAt = now;
    this.#tokens = Math.min(rate, this.#tokens + seconds * rate);
    this.#freePx = Math.min(2 * roomPx, this.#freePx + seconds * roomPx);
  }

  /** One's own line always flies. */
  #mayFly(widthPx, own) {
    // A hidden page draws nothing: lines would wait, and start all at once when it is seen again.
    if (!this.#settings.on || document.hidden) {
      return false;
    }
    this.#fill();
    if (!own && (this.#tokens < 1 || this.#freePx <= 0)) {
      return false;
    }
    this.#tokens -= 1;
    this.#freePx -= widthPx;
    return true;
  }

  #fly({ from, text }) {
    const own = from === this.#signaling.you;
    const shown = [...String(text)].slice(0, TEXT_MAX + 1);
    if (shown.length > TEXT_MAX) {
      shown[TEXT_MAX] = '…';
    }
    const fontPx = this.#fontPx;
    // Roughly: a Latin letter is half as wide as it is high, a Chinese character as wide.
    const widthEm = shown.reduce((sum, point) => sum + (point < '\u1100' ? 0.6 : 1), GAP_EM);
    if (!this.#mayFly(widthEm * fontPx, own)) {
      this.#withheld++;
      return;
    }
    const style = { fontSize: `${fontPx.toFixed(1)}px` };
    if (own) {
      Object.assign(style, { border: '2px solid #ff6673', borderRadius: '6px', padding: '0 6px' });
    }
    this.#danmaku.emit({ text: shown.join(''), style });
    this.#flown++;
    this.#forget();
  }

  /** The library (pinned) keeps every line it was given, as for a recording; a live stream has no end. */
  #forget() {
    const { comments, _: inner } = this.#danmaku;
    if (inner.position > KEPT_LINES) {
      comments.splice(0, inner.position);
      inner.position = 0;
    }
  }
}
