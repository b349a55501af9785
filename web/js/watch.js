// watch.js - the viewer's page: plays the room's stream and always says what is going on.

import { decodeVideo } from './clock_code.js';
import { Controls } from './controls.js';
import { bindText, formatNumber, onLanguageChange, startPage, t } from './i18n.js';
import { explained, showNotice } from './notice.js';
import { screenState } from './screen_state.js';
import { rememberedSeat } from './seat_memory.js';
import { probeServer } from './server_probe.js';
import { hindrance, player, room, screenReady, signaling } from './viewer.js';

const RENDER_EVERY_MS = 500;
const PARTS_AFTER_MS = 2000;
const GLASS_MAX_MS = 60000;
const SPINNING = new Set(['connecting', 'reconnecting', 'stalled']);

const byId = (id) => document.getElementById(id);
const facts = { refused: null, everJoined: false, unreachable: null, httpStatus: 0, retrySeconds: 0, connectedAt: 0 };
let screen = null;
let controls = null;
let parts = null;
let partsAsked = false;
let state = 'connecting';

function undecodableCodec(description) {
  const codec = description?.video ? description.codec?.video : null;
  const known = RTCRtpReceiver.getCapabilities?.('video')?.codecs;
  const found = !codec || !known || known.some(({ mimeType }) => mimeType.toLowerCase() === `video/${codec.toLowerCase()}`);
  return found ? null : codec;
}

function mediaMode() {
  const { description } = player;
  if ((description && !description.video) || !player.tracks.video || undecodableCodec(description)) {
    return 'audio';
  }
  return state === 'stalled' && !screen.everPlayed ? 'apart' : 'video';
}

function showCurtain(failure) {
  const playing = state === 'playing' || (state === 'stalled' && screen.everPlayed && !failure);
  byId('curtain').hidden = playing;
  byId('curtain').classList.toggle('sheer', screen.everPlayed && state !== 'waiting');
  if (playing) {
    return;
  }
  const code = failure === 'forbidden' ? 'forbidden-watch' : failure && explained(failure);
  const values = { seconds: facts.retrySeconds, status: facts.httpStatus };
  bindText(byId('state'), code ? `fail.${code}.title` : `watch.state.${state}`, values);
  bindText(byId('advice'), code ? `fail.${code}.advice` : `watch.state.${state}.advice`, values);
  byId('spinner').hidden = !SPINNING.has(state);
  byId('curtain-icon').toggleAttribute('hidden', SPINNING.has(state));
  byId('to-lobby').hidden = state !== 'waiting' && state !== 'failed';
  byId('retry').hidden = !failure || room === null;
}

function showRibbon() {
  const ribbon = byId('ribbon');
  const lost = !signaling.joined && facts.everJoined && state === 'playing';
  const stalled = state === 'stalled' && byId('curtain').hidden;
  ribbon.hidden = !lost && !stalled;
  if (!ribbon.hidden) {
    bindText(ribbon, lost ? 'watch.signal.lost' : 'watch.state.stalled');
  }
}

function showHeader() {
  const { description } = player;
  const badge = byId('live-badge');
  badge.hidden = !description;
  badge.classList.toggle('live', Boolean(description?.live));
  bindText(badge, description?.live ? 'badge.live' : 'badge.away');
  byId('room-title').textContent = description?.name || room;
  byId('viewers').textContent = formatNumber(signaling.viewers);
  document.title = t('watch.title', { room: description?.name || room });
}

/** What is not about the picture comes after it, or when there is none to wait for. */
async function loadParts() {
  if (partsAsked) {
    return;
  }
  partsAsked = true;
  try {
    const { RoomParts } = await import('./room_parts.js');
    parts = new RoomParts({ controls, screen, readGlass });
  } catch {
    partsAsked = false; // with the next change
  }
}

function render() {
  const { description } = player;
  const next = screenState({
    ...facts,
    joined: signaling.joined,
    phase: player.phase,
    failure: player.failure,
    live: description ? description.live : null,
    stillMs: screen.stillMs,
    connectedMs: performance.now() - facts.connectedAt,
    everPlayed: screen.everPlayed,
  });
  state = next.state;
  byId('watch').dataset.state = state;
  byId('watch').dataset.failure = next.failure ?? '';
  showCurtain(next.failure);
  showRibbon();
  showHeader();
  const mode = mediaMode();
  const codec = undecodableCodec(description);
  byId('audio-card').hidden = mode !== 'audio' || codec !== null || state !== 'playing';
  byId('unmute').hidden = !screen.autoMuted || state !== 'playing' || !player.tracks.audio;
  bindText(byId('unmute').lastElementChild, screen.blocked ? 'watch.play' : 'watch.unmute');
  showNotice(byId('notice'), codec ? 'codec' : null, { values: { codec } });
  if (screen.everPlayed || state !== 'connecting') {
    loadParts();
  }
}

function followPlayer() {
  if (player.phase === 'connected' && facts.connectedAt === 0) {
    facts.connectedAt = performance.now();
  } else if (player.phase !== 'connected') {
    facts.connectedAt = 0;
  }
  if (player.phase === 'idle') {
    screen.clear();
  } else if (player.tracks.audio || player.tracks.video) {
    screen.show(player.tracks, mediaMode());
  }
  render();
}

/** Once may be bad luck; the second time in a row the page finds out where the way ends. */
async function noteLoss(retrySeconds) {
  const again = facts.unreachable !== null;
  Object.assign(facts, { unreachable: facts.refused ? null : facts.unreachable ?? 'server-unreachable', retrySeconds });
  if (again && !facts.refused) {
    const { failure, status } = await probeServer();
    if (facts.unreachable !== null) {
      Object.assign(facts, { unreachable: failure, httpStatus: status });
      render();
    }
  }
}

function followSignaling() {
  const on = (type, listener) => signaling.addEventListener(type, (event) => { listener(event.detail ?? {}); render(); });
  on('joined', () => Object.assign(facts, { refused: null, everJoined: true, unreachable: null }));
  on('refused', ({ code }) => { facts.refused = code; });
  on('lost', ({ retryMs }) => noteLoss(Math.ceil(retryMs / 1000)));
  on('streams', followPlayer);
  on('viewers', () => {});
}

function retry() {
  facts.refused = null;
  signaling.start();
  signaling.retryNow();
  if (signaling.joined) {
    player.retry();
  }
  render();
}

/** With our clock code in the picture the true delay can be read, if both clocks agree. */
function readGlass() {
  const drawnAt = decodeVideo(byId('video'));
  const delay = drawnAt === null ? null : Date.now() - drawnAt;
  return delay !== null && Math.abs(delay) < GLASS_MAX_MS ? delay : null;
}

function exposeForTests() {
  let reader = null;
  window.manycast = {
    get state() { return state; },
    /** From navigation to the first picture, in milliseconds; null before it. */
    get firstFrameMs() { return screen.firstFrameMs; },
    get peerConnection() { return player.peerConnection; },
    get marks() { return player.marks; },
    get signaling() { return signaling; },
    get seat() { return parts?.seat; },
    get danmaku() { return parts?.danmakuCounts; },
    stats: async () => {
      reader ??= new (await import('./stats.js')).StatsReader();
      return reader.sample(player.peerConnection);
    },
    glassMs: readGlass,
  };
}

async function start() {
  screen = await screenReady;
  controls = new Controls();
  screen.setMuted = (muted) => controls.setMuted(muted);
  facts.everJoined = signaling.joined;
  exposeForTests();
  followSignaling();
  player.addEventListener('change', followPlayer);
  screen.addEventListener('change', render);
  byId('retry').addEventListener('click', retry);
  byId('stage').addEventListener('click', () => screen.autoMuted && screen.unmute());
  onLanguageChange(render);
  addEventListener('pagehide', () => parts?.seat.stream ? parts.pause() : signaling.stop());
  addEventListener('pageshow', (event) => event.persisted && signaling.start());
  setInterval(followPlayer, RENDER_EVERY_MS);
  if (rememberedSeat(room)) {
    loadParts();
  }
  setTimeout(loadParts, PARTS_AFTER_MS);
  followPlayer();
  startPage();
}

/** Without a room or without WebRTC there is nothing to play, only something to say. */
function startWithout(code) {
  state = 'failed';
  window.manycast = { state, firstFrameMs: null, peerConnection: null, stats: async () => null };
  byId('watch').dataset.state = state;
  byId('controls').hidden = true;
  byId('chat').hidden = true;
  byId('viewers').parentElement.hidden = true;
  byId('spinner').hidden = true;
  byId('curtain-icon').removeAttribute('hidden');
  byId('to-lobby').hidden = false;
  bindText(byId('state'), `fail.${code}.title`);
  bindText(byId('advice'), `fail.${code}.advice`);
  startPage();
}

if (hindrance) {
  startWithout(hindrance);
} else {
  start();
}
