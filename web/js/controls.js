// controls.js - the viewer's controls over the picture: sound, full screen, picture in picture, and when they are seen.

import { bindText } from './i18n.js';
import { storedVolume, storeVolume } from './screen.js';

const HIDE_AFTER_MS = 3000;
const SAID_MS = 2000;

const byId = (id) => document.getElementById(id);

/** Copies text; also where the clipboard interface is missing because the page is not on a secure address. */
export async function copyText(text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const field = document.createElement('textarea');
    field.value = text;
    document.body.append(field);
    field.select();
    document.execCommand('copy');
    field.remove();
  }
}

export class Controls {
  #stage = byId('stage');
  #video = byId('video');
  #muteIcon = byId('mute-icon');
  #volume = byId('volume');
  #hideTimer = 0;

  constructor() {
    this.#volume.value = storedVolume();
    this.adopt(byId('audio'));
    this.adopt(this.#video);
    this.#video.addEventListener('volumechange', () => this.#showSound());
    byId('mute').addEventListener('click', () => this.setMuted(!this.#video.muted));
    this.#volume.addEventListener('input', () => this.#setVolume(Number(this.#volume.value)));
    byId('share').addEventListener('click', () => this.#share());
    this.#offerFullscreen();
    this.#offerPictureInPicture();
    ['pointermove', 'pointerdown', 'focusin'].forEach((type) => this.#stage.addEventListener(type, () => this.#wake()));
    this.#wake();
    this.#showSound();
  }

  /** Lets a media element of the stage follow the switch and the volume. */
  adopt(media) {
    media.dataset.sound = '';
    media.volume = Number(this.#volume.value);
    media.muted = this.#video.muted;
  }

  /** All elements follow one switch: sound comes from whichever are in use. */
  setMuted(muted) {
    this.#sounding().forEach((media) => { media.muted = muted; });
    this.#showSound();
  }

  #sounding() {
    return this.#stage.querySelectorAll('[data-sound]');
  }

  #setVolume(volume) {
    this.#sounding().forEach((media) => { media.volume = volume; });
    this.setMuted(volume === 0);
    storeVolume(volume);
  }

  #showSound() {
    const silent = this.#video.muted || this.#video.volume === 0;
    this.#muteIcon.setAttribute('href', `/img/icons.svg#${silent ? 'muted' : 'sound'}`);
    byId('mute').setAttribute('aria-pressed', String(silent));
  }

  #wake() {
    clearTimeout(this.#hideTimer);
    delete this.#stage.dataset.idle;
    this.#hideTimer = setTimeout(() => {
      this.#stage.dataset.idle = '';
    }, HIDE_AFTER_MS);
  }

  #offerFullscreen() {
    const button = byId('fullscreen');
    const ofPage = this.#stage.requestFullscreen ?? this.#stage.webkitRequestFullscreen;
    // An iPhone gives full screen to the <video> alone.
    const ofVideo = this.#video.webkitEnterFullscreen;
    button.hidden = !ofPage && !ofVideo;
    const toggle = () => {
      if (document.fullscreenElement) {
        document.exitFullscreen();
      } else if (ofPage) {
        Promise.resolve(ofPage.call(this.#stage)).catch(() => {});
      } else {
        ofVideo.call(this.#video);
      }
    };
    button.addEventListener('click', toggle);
    this.#video.addEventListener('dblclick', () => button.hidden || toggle());
  }

  #offerPictureInPicture() {
    const button = byId('pip');
    button.hidden = !document.pictureInPictureEnabled;
    button.addEventListener('click', () => {
      const change = document.pictureInPictureElement ? document.exitPictureInPicture() : this.#video.requestPictureInPicture();
      change.catch(() => {});
    });
  }

  async #share() {
    const url = location.href;
    if (navigator.share && matchMedia('(pointer: coarse)').matches) {
      await navigator.share({ url, title: document.title }).catch(() => {});
      return;
    }
    await copyText(url);
    const said = document.createElement('div');
    said.className = 'toast';
    bindText(said, 'live.share.copied');
    this.#stage.append(said);
    setTimeout(() => said.remove(), SAID_MS);
  }
}
