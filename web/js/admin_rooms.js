// admin_rooms.js - the table of rooms, those with most viewers first, and a field to find one.

import { bitRate, isKnown, number } from './admin_figures.js';
import { bindText, t } from './i18n.js';

const SHOWN_MAX = 100;

const byId = (id) => document.getElementById(id);

function kbpsOf(stream) {
  const { audio = 0, video = 0 } = stream.bitrate_bps ?? {};
  return stream.kbps ?? (audio + video) / 1000;
}

/** {text, bad} of what is heard in a room: the worst of its live streams. */
export function soundOf(streams) {
  const sounds = streams.filter(({ live, sound }) => live && sound).map(({ sound }) => sound);
  const sound = sounds.find(({ state }) => state === 'clipping' || state === 'silent') ?? sounds.find(({ state }) => state === 'ok');
  if (!sound || (sound.state === 'ok' && !isKnown(sound.level_db))) {
    return { text: t('admin.sound.unknown'), bad: false };
  }
  return { text: t(`admin.sound.${sound.state}`, { level: number(sound.level_db) }), bad: sound.state !== 'ok' };
}

/** Players that came by WHEP watch a stream without being in the room. */
const watchers = ({ viewers, streams }) => Math.max(viewers, ...streams.map((stream) => stream.viewers));

export class RoomsTable {
  #rooms = [];
  #rows = new Map();
  #onOpen;

  /** `onOpen` gets the name of the room that was chosen. */
  constructor(onOpen) {
    this.#onOpen = onOpen;
    byId('filter').addEventListener('input', () => this.#render());
  }

  show(rooms) {
    this.#rooms = [...rooms].sort((a, b) => watchers(b) - watchers(a) || a.room.localeCompare(b.room));
    this.#render();
  }

  #render() {
    const wanted = byId('filter').value.trim().toLowerCase();
    const found = this.#rooms.filter(({ room }) => room.toLowerCase().includes(wanted));
    const shown = found.slice(0, SHOWN_MAX);
    const names = new Set(shown.map(({ room }) => room));
    this.#rows.forEach((row, room) => names.has(room) || this.#rows.delete(room) && row.remove());
    const body = byId('rooms').tBodies[0];
    shown.forEach((room, i) => {
      const row = this.#rows.get(room.room) ?? this.#makeRow(room.room);
      this.#fill(row, room);
      if (body.rows[i] !== row) {
        body.insertBefore(row, body.rows[i] ?? null);
      }
    });
    byId('rooms').hidden = shown.length === 0;
    byId('rooms-none').hidden = shown.length > 0;
    bindText(byId('rooms-none'), wanted ? 'admin.none.found' : 'admin.none');
    byId('rooms-more').hidden = found.length === shown.length;
    bindText(byId('rooms-more'), 'admin.more', { count: number(found.length - shown.length) });
  }

  #makeRow(room) {
    const row = document.createElement('tr');
    const open = document.createElement('button');
    open.type = 'button';
    open.className = 'link';
    open.textContent = room;
    open.addEventListener('click', () => this.#onOpen(room));
    row.insertCell().append(open);
    for (let i = 0; i < 4; i++) {
      row.insertCell();
    }
    this.#rows.set(room, row);
    return row;
  }

  #fill(row, room) {
    const { streams } = room;
    const [, people, live, incoming, heard] = row.cells;
    const sound = soundOf(streams);
    people.textContent = number(watchers(room));
    live.textContent = number(streams.filter((stream) => stream.live).length);
    incoming.textContent = bitRate(streams.reduce((sum, stream) => sum + kbpsOf(stream), 0));
    heard.textContent = sound.text;
    heard.classList.toggle('bad', sound.bad);
  }
}
