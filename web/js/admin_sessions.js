// admin_sessions.js - one room's connections, the worst first, and what an operator may do about each.

import { ask } from './admin_api.js';
import { bytes, duration, isKnown, number, unit } from './admin_figures.js';
import { bindText, t } from './i18n.js';
import { personName } from './person_name.js';
import { roomPath } from './room_name.js';

const SURE_MS = 4000;
const LOSS_BAD_PERCENT = 2;
const RTT_BAD_MS = 400;

const byId = (id) => document.getElementById(id);
const joined = (...parts) => parts.filter(Boolean).join(' · ');

/** Columns: the key of the heading, the text, a smaller one below it, whether it is bad. */
const COLUMNS = [
  {
    key: 'who',
    text: ({ name, session }) => (isKnown(name) && name !== '' ? personName(name) : `№ ${session}`),
    below: ({ role, stream, browser }) => joined(t(`admin.session.role.${role}`), stream, browser),
  },
  { key: 'address', text: ({ address }) => address, below: ({ via, transport }) => joined(via, transport?.toUpperCase()) },
  { key: 'age', text: (session) => duration(session.age_seconds) },
  { key: 'first', text: (session) => unit(session.first_packet_ms, 'ms') },
  { key: 'loss', text: (session) => unit(session.loss_percent, '%', 1), bad: (session) => session.loss_percent >= LOSS_BAD_PERCENT },
  { key: 'rtt', text: (session) => unit(session.rtt_ms, 'ms'), bad: (session) => session.rtt_ms >= RTT_BAD_MS },
  { key: 'asked', text: ({ nacks, plis }) => `${number(nacks)} / ${number(plis)}` },
  { key: 'layer', text: ({ layer }) => (isKnown(layer) ? String(layer) : '–') },
  { key: 'bytes', text: (session) => bytes(session.bytes) },
];

function makeCell(row, hasBelow) {
  const cell = row.insertCell();
  cell.append(document.createElement('span'));
  if (hasBelow) {
    cell.append(document.createElement('small'));
  }
}

function makeButton(parent) {
  const made = document.createElement('button');
  made.type = 'button';
  made.className = 'button small';
  parent.append(made);
  return made;
}

export class SessionsTable {
  #room = null;
  #rows = new Map();

  constructor() {
    const head = byId('sessions').tHead.rows[0];
    [...COLUMNS.map(({ key }) => key), 'actions'].forEach((key) => {
      const cell = document.createElement('th');
      cell.scope = 'col';
      bindText(cell, `admin.session.${key}`);
      head.append(cell);
    });
  }

  get room() {
    return this.#room;
  }

  /** The room whose connections are shown; null: none. */
  open(room) {
    this.#room = room;
    this.#rows.forEach((row) => row.remove());
    this.#rows.clear();
    byId('said').textContent = '';
    byId('room-section').hidden = room === null;
    byId('rooms-section').hidden = room !== null;
    if (room !== null) {
      byId('room-name').textContent = room;
      byId('room-watch').href = roomPath('watch', room);
      byId('sessions-none').hidden = true;
      byId('room-gone').hidden = true;
    }
  }

  /** What GET /api/rooms/ROOM said; null: there is no such room. */
  show(room) {
    const sessions = room?.sessions ?? [];
    const total = room?.sessions_total ?? sessions.length;
    const numbers = new Set(sessions.map(({ session }) => session));
    byId('room-gone').hidden = room !== null;
    byId('sessions').hidden = sessions.length === 0;
    byId('sessions-none').hidden = room === null || sessions.length > 0;
    bindText(byId('sessions-title'), total > sessions.length ? 'admin.sessions.shown' : 'admin.sessions', { count: number(sessions.length), total: number(total) });
    this.#rows.forEach((row, session) => numbers.has(session) || this.#rows.delete(session) && row.remove());
    const body = byId('sessions').tBodies[0];
    sessions.forEach((session, i) => {
      const row = this.#rows.get(session.session) ?? this.#makeRow(session);
      this.#fill(row, session);
      // A row that is being used keeps its place, or the button would move away under the finger.
      if (body.rows[i] !== row && !row.contains(document.activeElement)) {
        body.insertBefore(row, body.rows[i] ?? null);
      }
    });
  }

  #makeRow({ session }) {
    const row = document.createElement('tr');
    COLUMNS.forEach(({ below }) => makeCell(row, below !== undefined));
    const actions = row.insertCell();
    actions.className = 'actions';
    this.#makeKick(actions, session);
    makeButton(actions).hidden = true;
    row.dataset.session = session;
    this.#rows.set(session, row);
    return row;
  }

  #makeKick(cell, session) {
    const kick = makeButton(cell);
    let timer = 0;
    const calm = () => {
      clearTimeout(timer);
      delete kick.dataset.sure;
      bindText(kick, 'admin.kick');
    };
    calm();
    kick.addEventListener('click', () => {
      if (kick.dataset.sure === undefined) {
        kick.dataset.sure = '';
        bindText(kick, 'admin.kick.sure');
        timer = setTimeout(calm, SURE_MS);
      } else {
        calm();
        this.#do('kick', ['DELETE', `/api/sessions/${session}`]);
      }
    });
  }

  #fill(row, session) {
    const { cells } = row;
    COLUMNS.forEach(({ key, text, below, bad }, i) => {
      const [large, small] = cells[i].children;
      large.textContent = text(session) || '–';
      if (small) {
        small.textContent = below(session);
      }
      cells[i].dataset.label = t(`admin.session.${key}`);
      cells[i].classList.toggle('bad', bad?.(session) ?? false);
    });
    this.#fillMute(cells[COLUMNS.length].lastElementChild, session);
  }

  /** Only who takes part in the room has a voice in its chat. */
  #fillMute(button, { from, muted }) {
    button.hidden = !isKnown(from);
    bindText(button, muted ? 'admin.unmute' : 'admin.mute');
    button.onclick = () => this.#do(muted ? 'unmute' : 'mute', ['POST', `/api/rooms/${encodeURIComponent(this.#room)}/mute`, { json: { from, off: muted === true } }]);
  }

  async #do(what, request) {
    const said = byId('said');
    const { status } = await ask(...request);
    const done = status === 200;
    const failure = status === 0 ? 'gone' : [403, 404].includes(status) ? status : 'other';
    said.classList.toggle('bad', !done);
    bindText(said, done ? `admin.done.${what}` : `admin.failed.${failure}`, { status });
    this.onChange?.();
  }
}
