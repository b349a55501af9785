// admin.js - the operator's page: asks for the key once, then shows every two seconds what the server says of itself.

import en from '../i18n/admin.en.js';
import zh from '../i18n/admin.zh.js';
import { ask, askServer, setKey } from './admin_api.js';
import { Charts } from './admin_charts.js';
import { bitRate, duration, number, unit } from './admin_figures.js';
import { History } from './admin_history.js';
import { RoomsTable } from './admin_rooms.js';
import { SessionsTable } from './admin_sessions.js';
import { addTexts, bindText, onLanguageChange, startPage, t, timeFormat } from './i18n.js';

const POLL_MS = 2000;
const CPU_BAD_PERCENT = 85;

const byId = (id) => document.getElementById(id);
const history = new History();
/** What the page says: of askServer(). `answeredAt` is when the server did last. */
const facts = { who: 'loading', answeredAt: new Date(), room: undefined };
let charts = null;
let rooms = null;
let sessions = null;
let timer = 0;
let asking = 0;

function showTiles(server) {
  const busiest = Math.max(...server.workers.map((worker) => worker.cpu_percent ?? 0), 0);
  const drops = Object.values(history.last.drops).reduce((sum, rate) => sum + rate, 0);
  byId('now-viewers').textContent = number(server.viewers);
  byId('now-rooms').textContent = number(server.rooms);
  byId('now-in').textContent = bitRate(server.kbps_in);
  byId('now-out').textContent = bitRate(server.kbps_out);
  byId('now-cpu').textContent = unit(busiest, '%');
  byId('now-cpu').classList.toggle('bad', busiest >= CPU_BAD_PERCENT);
  bindText(byId('now-drops'), 'admin.drops.rate', { count: number(drops, 1) });
  byId('now-drops').classList.toggle('bad', drops > 0);
  byId('version').textContent = `Manycast ${server.version}`;
}

function showBadge(gone, server) {
  const badge = byId('server-state');
  badge.hidden = !server;
  badge.classList.toggle('live', gone);
  if (server) {
    const state = gone ? 'gone' : server.draining ? 'draining' : 'running';
    bindText(badge, `admin.state.${state}`, { time: duration(server.uptime_seconds) });
  }
}

function render() {
  const server = history.last?.server;
  const gone = facts.who === 'gone';
  const open = facts.who === 'operator' || (gone && server !== undefined);
  byId('admin').dataset.state = facts.who;
  byId('ask').hidden = facts.who !== 'nobody' && facts.who !== 'wrong';
  byId('wrong').hidden = facts.who !== 'wrong';
  byId('unset').hidden = facts.who !== 'unset';
  byId('gone').hidden = !gone;
  if (gone) {
    bindText(byId('gone'), 'admin.gone', { time: timeFormat({ timeStyle: 'medium' }).format(facts.answeredAt) });
  }
  byId('draining').hidden = gone || !open || !server.draining;
  byId('drain').disabled = gone || !open || server.draining;
  byId('board').hidden = !open;
  showBadge(gone, open ? server : null);
  document.title = `${t('admin.title')} · Manycast`;
  if (open) {
    showTiles(server);
    charts.show(history);
  }
}

/** The table that is on the page. */
async function pollRooms() {
  const room = sessions.room;
  if (room === null) {
    const { status, body } = await ask('GET', '/api/rooms');
    if (status === 200) {
      rooms.show(body.rooms);
    }
    return;
  }
  const { status, body } = await ask('GET', `/api/rooms/${encodeURIComponent(room)}`);
  if (room === sessions.room && (status === 200 || status === 404)) {
    facts.room = status === 200 ? body : null;
    sessions.show(facts.room);
  }
}

async function poll() {
  clearTimeout(timer);
  asking += 1;
  const mine = asking;
  const { who, server } = await askServer();
  if (mine !== asking) {
    return; // another poll began meanwhile
  }
  const before = facts.who;
  facts.who = who;
  if (who !== 'gone') {
    facts.answeredAt = new Date();
  }
  if (server) {
    history.add(server, Date.now() / 1000);
    await pollRooms();
  }
  render();
  if (before !== who && !byId('ask').hidden) {
    byId('key').focus();
  }
  // Who is asked for a key has the next word.
  if (mine === asking && !document.hidden && byId('ask').hidden) {
    timer = setTimeout(poll, POLL_MS);
  }
}

function openRoom(room) {
  sessions.open(room);
  if (room === null) {
    byId('filter').focus();
  } else {
    byId('room-name').focus();
  }
  poll();
}

function enter(event) {
  event.preventDefault();
  setKey(byId('key').value.trim());
  byId('key').value = '';
  poll();
}

function forget() {
  setKey('');
  history.samples.length = 0;
  openRoom(null);
}

async function drain() {
  const dialog = byId('drain-dialog');
  if (dialog.returnValue === 'yes') {
    await ask('POST', '/api/drain');
    poll();
  }
  dialog.returnValue = '';
}

addTexts({ en, zh });
charts = new Charts();
rooms = new RoomsTable(openRoom);
sessions = new SessionsTable();
sessions.onChange = poll;
byId('ask').addEventListener('submit', enter);
byId('forget').addEventListener('click', forget);
byId('room-back').addEventListener('click', () => openRoom(null));
byId('drain').addEventListener('click', () => byId('drain-dialog').showModal());
byId('drain-dialog').addEventListener('close', drain);
document.addEventListener('visibilitychange', () => (document.hidden ? clearTimeout(timer) : poll()));
onLanguageChange(() => {
  render();
  poll();
});
startPage();
window.manycast = {
  get state() { return facts.who; },
  get samples() { return history.samples.length; },
};
poll();
