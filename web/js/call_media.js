// call_media.js - one's own camera, microphone and screen in a call: opened when they are there, switched on and off.
//
// Events (CustomEvent): change; hindered {code} (a key of the failures that the page explains; null: it is over).

import { CaptureError, NO_DEVICE, openSource } from './capture.js';

const SETTINGS = { camera: '', microphone: '', resolution: '720' };

export class CallMedia extends EventTarget {
  /** The tracks that there are, or null. A track that is switched off has `enabled` false. */
  tracks = { audio: null, video: null, screen: null, screenAudio: null };

  #screen = null;

  /** Camera and microphone, or the one that there is. */
  async open() {
    await this.#openDevices(SETTINGS, ['audio', 'video']);
  }

  isOn(slot) {
    return Boolean(this.tracks[slot]?.enabled);
  }

  /** 'audio' or 'video': on or off; what is not there is asked for again. */
  async toggle(slot) {
    const track = this.tracks[slot];
    if (track) {
      track.enabled = !track.enabled;
      this.#changed();
      return;
    }
    await this.#openDevices({ ...SETTINGS, [slot === 'audio' ? 'camera' : 'microphone']: NO_DEVICE }, [slot]);
  }

  /** Begins to share the screen, or ends it. */
  async toggleScreen() {
    if (this.#screen) {
      this.#endScreen();
      return;
    }
    try {
      const opened = await openSource('screen', { ...SETTINGS, resolution: '1080' });
      this.#screen = opened;
      opened.video.contentHint = 'detail';
      opened.video.addEventListener('ended', () => this.#screen === opened && this.#endScreen());
      Object.assign(this.tracks, { screen: opened.video, screenAudio: opened.audio });
      this.#hinder(null);
    } catch (error) {
      this.#hinder(error);
    }
    this.#changed();
  }

  close() {
    Object.values(this.tracks).forEach((track) => track?.stop());
    this.#screen = null;
    this.tracks = { audio: null, video: null, screen: null, screenAudio: null };
    this.#changed();
  }

  async #openDevices(settings, slots) {
    try {
      const opened = await openSource('camera', settings);
      slots.forEach((slot) => this.#keep(slot, opened[slot]));
      this.#hinder(opened.notice);
    } catch (error) {
      this.#hinder(error);
    }
    this.#changed();
  }

  #keep(slot, track) {
    this.tracks[slot] = track;
    track?.addEventListener('ended', () => {
      if (this.tracks[slot] === track) {
        this.tracks[slot] = null;
        this.#changed();
      }
    });
  }

  #endScreen() {
    this.#screen.stop();
    this.#screen = null;
    Object.assign(this.tracks, { screen: null, screenAudio: null });
    this.#changed();
  }

  #changed() {
    this.dispatchEvent(new CustomEvent('change'));
  }

  /** A CaptureError, a code, or null; anything else is a fault of this page. */
  #hinder(reason) {
    if (reason instanceof Error && !(reason instanceof CaptureError)) {
      throw reason;
    }
    this.dispatchEvent(new CustomEvent('hindered', { detail: { code: reason?.code ?? reason } }));
  }
}
