// stage.js - lays out the streams of a room: one large and the others beside it, or all alike, as they come and go.

import { bindLabel, bindText } from './i18n.js';
import { personName } from './person_name.js';
import { Tile } from './tile.js';

/** Rows beside the large picture: a single one is not stretched over the whole height. */
const ROWS_BESIDE_MIN = 3;

export class Stage {
  #floor;
  #list;
  #signaling;
  #sound;
  #first;
  #tiles = new Map();
  #names = [];
  /** Stream chosen to be large; null: the first; false: all alike. */
  #chosen = null;

  /**
   * `first` is {stream, element}: a tile that the page fills itself, or null. `list` (may be null) gets a button for each
   * stream. `sound` is given to tiles.
   */
  constructor({ floor, list = null, signaling, sound, first = null }) {
    this.#floor = floor;
    this.#list = list;
    this.#signaling = signaling;
    this.#sound = sound;
    this.#first = first;
    floor.addEventListener('click', ({ target }) => this.#clicked(target.closest('.tile')));
  }

  /** Shows these streams beside the first, in this order; `own` ({stream, source}) from its source. */
  show(streams, own = null) {
    const wanted = new Set(streams);
    [...this.#tiles].filter(([stream]) => !wanted.has(stream)).forEach(([stream, tile]) => {
      tile.close();
      this.#tiles.delete(stream);
    });
    streams.forEach((stream) => {
      const tile = this.#tiles.get(stream) ?? this.#add(stream, own?.stream === stream ? own.source : null);
      tile.refresh();
    });
    this.#names = [...(this.#first ? [this.#first.stream] : []), ...streams];
    this.#layOut();
  }

  /** The tile of a stream, or undefined. */
  tile(stream) {
    return this.#tiles.get(stream);
  }

  /** Makes a stream large; false: all alike. */
  choose(stream) {
    this.#chosen = stream;
    this.#layOut();
  }

  close() {
    this.show([]);
  }

  #add(stream, source) {
    const tile = new Tile({ stream, sound: this.#sound });
    this.#tiles.set(stream, tile);
    this.#floor.append(tile.element);
    if (source) {
      tile.mirror(source);
    } else {
      tile.watch(this.#signaling);
    }
    return tile;
  }

  #clicked(tile) {
    if (tile && this.#names.length > 1 && !('large' in tile.dataset)) {
      this.choose(tile === this.#first?.element ? this.#first.stream : tile.dataset.stream);
    }
  }

  #large() {
    const { streams } = this.#signaling;
    if (this.#chosen === false || this.#names.includes(this.#chosen)) {
      return this.#chosen;
    }
    return this.#names.find((stream) => streams.has(stream)) ?? this.#names[0];
  }

  #layOut() {
    const large = this.#large();
    const count = this.#names.length;
    const { dataset, style } = this.#floor;
    dataset.layout = count < 2 ? 'single' : large === false ? 'alike' : 'large';
    style.setProperty('--rows-beside', Math.max(ROWS_BESIDE_MIN, count - 1));
    style.setProperty('--beside', Math.max(2, count - 1));
    style.setProperty('--columns', Math.ceil(Math.sqrt(count)));
    style.setProperty('--columns-narrow', count > 2 ? 2 : 1);
    this.#names.forEach((stream) => {
      const element = this.#tiles.get(stream)?.element ?? this.#first.element;
      element.toggleAttribute('data-large', stream === large);
    });
    if (this.#list) {
      this.#showList(large);
    }
  }

  #showList(large) {
    this.#list.hidden = this.#names.length < 2;
    const named = this.#names.map((stream) => {
      const button = this.#button(stream === large, stream);
      button.textContent = this.#title(stream);
      bindLabel(button, 'stage.enlarge', { name: button.textContent });
      return button;
    });
    const alike = this.#button(large === false, false);
    bindText(alike, 'stage.alike');
    const items = [...named, alike].map((button) => {
      const item = document.createElement('li');
      item.append(button);
      return item;
    });
    // Kept while nothing changes, so that a button does not lose the focus.
    const state = JSON.stringify(items.map((item) => item.innerHTML));
    if (this.#list.dataset.state !== state) {
      this.#list.dataset.state = state;
      this.#list.replaceChildren(...items);
    }
  }

  #button(pressed, choice) {
    const button = document.createElement('button');
    button.type = 'button';
    button.className = 'chip';
    button.setAttribute('aria-pressed', String(pressed));
    button.addEventListener('click', () => this.choose(choice));
    return button;
  }

  #title(stream) {
    const name = this.#signaling.streams.get(stream)?.name;
    return name ? personName(name) : stream;
  }
}
