// tile.js - one stream of the room in a tile of the stage: its picture and sound, its name, whether it is away.

import { bindText } from './i18n.js';
import { personName } from './person_name.js';
import { Player } from './player.js';

function element(tag, className, parent) {
  const made = document.createElement(tag);
  made.className = className;
  parent.append(made);
  return made;
}

export class Tile {
  element = document.createElement('div');

  #caption;
  #name;
  #away;
  #action = null;
  #video;
  #sound;
  #player = null;
  #shown = '';

  /** `sound.adopt(video)` sets and later changes how loud it is. */
  constructor({ stream, sound }) {
    this.#sound = sound;
    this.element.className = 'tile';
    this.element.dataset.stream = stream;
    this.#video = element('video', '', this.element);
    this.#video.autoplay = true;
    this.#video.playsInline = true;
    this.#away = element('div', 'tile-away', this.element);
    this.#caption = element('div', 'tile-caption', this.element);
    this.#name = element('span', 'tile-name', this.#caption);
  }

  get stream() {
    return this.element.dataset.stream;
  }

  /** Plays what the server sends. */
  watch(signaling) {
    this.#sound.adopt(this.#video);
    this.#player = new Player(signaling, this.stream);
    this.#player.addEventListener('change', () => this.refresh());
    if (signaling.joined) {
      this.#player.retry();
    }
  }

  /** Shows one's own source: no way over the server, no echo. */
  mirror(source) {
    this.element.dataset.own = '';
    this.#video.muted = true;
    this.#video.srcObject = source.video ? new MediaStream([source.video]) : null;
    this.#away.hidden = Boolean(source.video);
    bindText(this.#away, 'watch.audioOnly');
    this.#video.play().catch(() => {});
  }

  /** Brings name and state up to date. */
  refresh() {
    if (!this.#player) {
      bindText(this.#name, 'stage.you');
      return;
    }
    const { description, phase } = this.#player;
    const { name, live = false, video = false } = description ?? {};
    this.#attach();
    this.#name.textContent = personName(name);
    this.#away.hidden = live && video && phase === 'connected';
    bindText(this.#away, phase === 'failed' ? 'watch.state.stalled' : description && !live ? 'badge.away'
      : live && !video ? 'watch.audioOnly' : 'watch.state.connecting');
  }

  /** A button in the caption: {key, run}. */
  offer(action) {
    if (!this.#action) {
      this.#action = element('button', 'button small danger', this.#caption);
      this.#action.type = 'button';
      bindText(this.#action, action.key);
    }
    this.#action.onclick = action.run;
  }

  close() {
    this.#player?.close();
    this.#video.srcObject = null;
    this.element.remove();
  }

  /** A picture that the server does not know of is left out: a <video> that waits for it holds its sound back. */
  #attach() {
    const { audio, video } = this.#player.tracks;
    const tracks = [audio, this.#player.description?.video ? video : null].filter(Boolean);
    const shown = tracks.map(({ id }) => id).join();
    if (shown === this.#shown) {
      return;
    }
    this.#shown = shown;
    this.#video.srcObject = tracks.length > 0 ? new MediaStream(tracks) : null;
    this.#play();
  }

  async #play() {
    try {
      await this.#video.play();
    } catch (error) {
      if (error.name === 'NotAllowedError') {
        this.#video.muted = true;
        this.#video.play().catch(() => {});
      }
    }
  }
}
