// room_parts.js - the parts of the viewer's page that are not about the picture: company on the stage, chat, lines over
// the picture, likes, figures. They come after the picture, so each takes what was said before it from `signaling`.

import { Chat } from './chat.js';
import { Company } from './company.js';
import { DanmakuLayer } from './danmaku_layer.js';
import { Likes } from './likes.js';
import { StatsReader } from './stats.js';
import { StatsPanel, VIEWER_FIGURES } from './stats_panel.js';
import { player, signaling } from './viewer.js';

const STATS_EVERY_MS = 1000;

const byId = (id) => document.getElementById(id);

function startStats(screen, readGlass) {
  const panel = new StatsPanel(byId('stats'), VIEWER_FIGURES);
  const reader = new StatsReader();
  const button = byId('stats-toggle');
  let glassMs = null;
  const update = async () => {
    screen.addEventListener('frame', () => { glassMs = readGlass(); }, { once: true });
    panel.show({ ...(await reader.sample(player.peerConnection)), glassMs });
  };
  let timer = 0;
  button.addEventListener('click', () => {
    const shown = byId('stats').hidden;
    byId('stats').hidden = !shown;
    button.setAttribute('aria-pressed', String(shown));
    clearInterval(timer);
    if (shown) {
      timer = setInterval(update, STATS_EVERY_MS);
      update();
    }
  });
}

export class RoomParts {
  #company;
  #danmaku;

  /** `readGlass` returns the delay that the picture shows, in milliseconds, or null. */
  constructor({ controls, screen, readGlass }) {
    new Chat(byId('chat'), signaling);
    this.#company = new Company(controls);
    this.#danmaku = new DanmakuLayer(signaling);
    new Likes({ button: byId('like'), sky: byId('hearts'), signaling });
    startStats(screen, readGlass);
  }

  get seat() {
    return this.#company.seat;
  }

  /** For tests. */
  get danmakuCounts() {
    return this.#danmaku.counts;
  }

  /** The page goes, to be loaded again. */
  pause() {
    this.#company.pause();
  }
}
