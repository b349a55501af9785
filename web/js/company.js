// company.js - the watch page with more than one stream: who else is on stage, and the viewer's own way there.

import { GuestPanel } from './guest_panel.js';
import { GuestSeat } from './guest_seat.js';
import { onLanguageChange } from './i18n.js';
import { personName } from './person_name.js';
import { Stage } from './stage.js';
import { player, room, signaling } from './viewer.js';

const byId = (id) => document.getElementById(id);

export class Company {
  seat = new GuestSeat(signaling, room);

  #stage;
  #panel;

  /** `sound` is the page's Controls. */
  constructor(sound) {
    this.#stage = new Stage({
      floor: byId('floor'),
      list: byId('streams'),
      signaling,
      sound,
      first: { stream: player.stream, element: byId('first') },
    });
    this.#panel = new GuestPanel({ button: byId('ask'), box: byId('seat'), seat: this.seat, signaling });
    this.seat.addEventListener('change', () => this.#show());
    signaling.addEventListener('streams', () => this.#show());
    onLanguageChange(() => this.#show());
    this.#show();
  }

  /** The page goes, to be loaded again: the server need not serve these connections any more. */
  pause() {
    this.#stage.close();
    player.close();
  }

  #show() {
    const { stream, source } = this.seat;
    const others = [...signaling.streams.keys()].filter((name) => name !== player.stream && name !== stream);
    const own = stream && source ? { stream, source } : null;
    this.#stage.show(own ? [...others, stream].sort() : others.sort(), own);
    this.#panel.show();
    byId('first-name').textContent = personName(signaling.streams.get(player.stream)?.name);
    byId('stage-bar').hidden = byId('streams').hidden && byId('ask').hidden;
  }
}
