// screen.js - puts the stream's tracks on the page's <video> or <audio>, and starts them with sound if the browser lets it.

const VOLUME_KEY = 'manycast.volume';

/** How loud the viewer set it the last time, 0 to 1. */
export function storedVolume() {
  try {
    const volume = Number(localStorage.getItem(VOLUME_KEY) ?? 1);
    return volume > 0 && volume <= 1 ? volume : 1;
  } catch {
    return 1;
  }
}

export function storeVolume(volume) {
  try {
    localStorage.setItem(VOLUME_KEY, String(volume));
  } catch {
    // No storage: the volume lasts for this page.
  }
}

export class Screen extends EventTarget {
  /** Muted because the browser forbids sound before a tap. */
  autoMuted = false;
  /** Not even muted playing was allowed: only a tap starts it. */
  blocked = false;
  /** performance.now() of the first picture (or sound, in a room without pictures), or null. */
  firstFrameMs = null;

  #video;
  #audio;
  #attached = '';
  #movedAt = -Infinity;
  #position = 0;

  /** Mutes or unmutes all that sounds; the page's controls put theirs in. */
  setMuted = (muted) => [this.#video, this.#audio].forEach((media) => { media.muted = muted; });

  /** Events: frame (a picture was shown), change. */
  constructor({ video, audio }) {
    super();
    this.#video = video;
    this.#audio = audio;
    [video, audio].forEach((media) => { media.volume = storedVolume(); });
    this.#countFrames();
    setInterval(() => this.#watchSound(), 500);
    document.addEventListener('WeixinJSBridgeReady', () => this.#play());
  }

  /** Milliseconds since something was last seen (or heard, without pictures); Infinity if nothing was yet. */
  get stillMs() {
    return performance.now() - this.#movedAt;
  }

  get everPlayed() {
    return this.firstFrameMs !== null;
  }

  /**
   * Shows the tracks. 'video': both on <video>; 'audio': sound alone on <audio>; 'apart': each on its own, for a
   * picture that never comes: a <video> that waits for it holds its sound back.
   */
  show({ audio, video }, mode) {
    const wanted = [mode, audio?.id, video?.id].join();
    if (wanted === this.#attached) {
      return;
    }
    this.#attached = wanted;
    const streamOf = (...tracks) => (tracks.some(Boolean) ? new MediaStream(tracks.filter(Boolean)) : null);
    this.#video.srcObject = mode === 'audio' ? null : streamOf(video, mode === 'video' ? audio : null);
    this.#audio.srcObject = mode === 'video' ? null : streamOf(audio);
    this.#play();
  }

  clear() {
    this.#attached = '';
    this.#video.srcObject = null;
    this.#audio.srcObject = null;
    this.#movedAt = -Infinity;
  }

  /** From a tap: sound on, and play if that was not allowed before. */
  unmute() {
    this.autoMuted = false;
    this.blocked = false;
    this.setMuted(false);
    this.#play();
  }

  async #play() {
    const playing = [this.#video, this.#audio].filter((media) => media.srcObject);
    const start = () => Promise.all(playing.map((media) => media.play()));
    try {
      await start();
      this.blocked = false;
    } catch (error) {
      if (error.name === 'NotAllowedError') {
        await this.#playMuted(start);
      }
    }
    this.dispatchEvent(new Event('change'));
  }

  async #playMuted(start) {
    this.autoMuted = true;
    this.setMuted(true);
    try {
      await start();
    } catch (error) {
      this.blocked = error.name === 'NotAllowedError';
    }
  }

  #moved() {
    this.#movedAt = performance.now();
    this.firstFrameMs ??= this.#movedAt;
  }

  #countFrames() {
    const video = this.#video;
    if (!video.requestVideoFrameCallback) {
      video.addEventListener('timeupdate', () => this.#moved());
      return;
    }
    const onFrame = () => {
      this.#moved();
      this.dispatchEvent(new Event('frame'));
      video.requestVideoFrameCallback(onFrame);
    };
    video.requestVideoFrameCallback(onFrame);
  }

  /** Sound on its own, and pictures in a hidden page, show their progress only in the position. */
  #watchSound() {
    const soundOnly = this.#audio.srcObject && !this.#video.srcObject;
    if (!soundOnly && !document.hidden) {
      return;
    }
    const { currentTime } = soundOnly ? this.#audio : this.#video;
    if (currentTime !== this.#position) {
      this.#position = currentTime;
      this.#moved();
    }
  }
}
