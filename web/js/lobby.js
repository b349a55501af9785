// lobby.js - the lobby: who is live, and the way into a room.

import { Backoff } from './backoff.js';
import { bindText, formatNumber, onLanguageChange, startPage, t } from './i18n.js';
import { roomNameFault, roomPath } from './room_name.js';

const POLL_MS = 3000;
const ANSWER_WITHIN_MS = 8000;

const list = document.getElementById('rooms');
const empty = document.getElementById('rooms-empty');
const emptyTitle = document.getElementById('rooms-empty-title');
const emptyAdvice = document.getElementById('rooms-empty-advice');
const notice = document.getElementById('lobby-notice');
const fault = document.getElementById('room-fault');
const input = document.getElementById('room-name');

const cards = new Map();
const backoff = new Backoff({ firstMs: POLL_MS, maxMs: 30000 });
let timer = 0;
let rooms = [];

function element(tag, className, parent) {
  const made = document.createElement(tag);
  made.className = className;
  parent?.append(made);
  return made;
}

/** A room keeps its colour: the hue comes from its name. */
function hueOf(name) {
  return [...name].reduce((hash, character) => (hash * 31 + character.codePointAt(0)) % 360, 7);
}

function makeCard(room) {
  const item = element('li', 'card');
  const link = element('a', 'card-link', item);
  link.href = roomPath('watch', room);
  const cover = element('div', 'cover', link);
  cover.style.setProperty('--hue', hueOf(room));
  element('span', 'initial', cover).textContent = [...room][0].toUpperCase();
  const badge = element('span', 'badge', cover);
  const viewers = element('span', 'cover-viewers', cover);
  const title = element('strong', 'card-title', link);
  const detail = element('span', 'card-detail', link);
  return { item, badge, viewers, title, detail };
}

function streamOf({ streams }) {
  return streams.find(({ live }) => live) ?? streams[0];
}

function detailOf(room, stream) {
  const parts = stream.name ? [room.room] : [];
  if (stream.live && !stream.video) {
    parts.push(t('lobby.audioOnly'));
  }
  const codecs = [stream.video && stream.codec?.video, stream.audio && stream.codec?.audio];
  return [...parts, ...codecs.filter(Boolean)].join(' · ');
}

function updateCard(card, room) {
  const stream = streamOf(room);
  card.badge.classList.toggle('live', stream.live);
  bindText(card.badge, stream.live ? 'badge.live' : 'badge.away');
  bindText(card.viewers, 'viewers', { count: formatNumber(room.viewers ?? 0) });
  card.title.textContent = stream.name || room.room;
  card.detail.textContent = detailOf(room, stream);
}

function showRooms() {
  const shown = rooms
    .filter(({ streams }) => streams?.length > 0)
    .sort((a, b) => (b.viewers ?? 0) - (a.viewers ?? 0) || a.room.localeCompare(b.room));
  const names = new Set(shown.map(({ room }) => room));
  cards.forEach((card, room) => {
    if (!names.has(room)) {
      card.item.remove();
      cards.delete(room);
    }
  });
  shown.forEach((room, i) => {
    const card = cards.get(room.room) ?? makeCard(room.room);
    cards.set(room.room, card);
    updateCard(card, room);
    if (list.children[i] !== card.item) {
      list.insertBefore(card.item, list.children[i] ?? null);
    }
  });
  empty.hidden = shown.length > 0;
}

function showUnreachable(retryMs) {
  notice.hidden = false;
  bindText(notice, 'lobby.unreachable', { seconds: Math.ceil(retryMs / 1000) });
  empty.hidden = true;
}

async function poll() {
  clearTimeout(timer);
  let waitMs = POLL_MS;
  try {
    const response = await fetch('/api/rooms', { cache: 'no-store', signal: AbortSignal.timeout?.(ANSWER_WITHIN_MS) });
    if (!response.ok) {
      throw new Error(`status ${response.status}`);
    }
    rooms = (await response.json()).rooms ?? [];
    backoff.reset();
    notice.hidden = true;
    bindText(emptyTitle, 'lobby.empty.title');
    emptyAdvice.hidden = false;
    showRooms();
  } catch {
    waitMs = backoff.next();
    showUnreachable(waitMs);
  }
  timer = setTimeout(() => document.hidden || poll(), waitMs);
}

function enter(event) {
  event.preventDefault();
  const room = input.value.trim();
  const reason = roomNameFault(room);
  fault.hidden = reason === null;
  if (reason) {
    bindText(fault, `lobby.fault.${reason}`);
    input.focus();
    return;
  }
  location.assign(roomPath(event.submitter?.value ?? 'watch', room));
}

document.getElementById('enter').addEventListener('submit', enter);
input.addEventListener('input', () => {
  fault.hidden = true;
});
document.addEventListener('visibilitychange', () => document.hidden || poll());
addEventListener('online', poll);

onLanguageChange(() => {
  document.title = t('lobby.title');
  showRooms();
});
startPage();
document.title = t('lobby.title');
window.manycast = {
  get rooms() {
    return rooms;
  },
};
poll();
