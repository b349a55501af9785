// watch.js - the viewer's page: plays the room's stream and always says what is going on.

import { Chat } from './chat.js';
import { decodeVideo } from './clock_code.js';
import { Company } from './company.js';
import { Controls } from './controls.js';
import { DanmakuLayer } from './danmaku_layer.js';
import { bindText, formatNumber, onLanguageChange, startPage, t } from './i18n.js';
import { Likes } from './likes.js';
import { explained, showNotice } from './notice.js';
import { Screen } from './screen.js';
import { screenState } from './screen_state.js';
import { StatsReader } from './stats.js';
import { StatsPanel, VIEWER_FIGURES } from './stats_panel.js';
import { hindrance, player, room, signaling } from './viewer.js';

const RENDER_EVERY_MS = 500;
const STATS_EVERY_MS = 1000;
const GLASS_MAX_MS = 60000;
const SPINNING = new Set(['connecting', 'reconnecting', 'stalled']);

const byId = (id) => document.getElementById(id);
const facts = { refused: null, everJoined: false, unreachable: false, retrySeconds: 0, connectedAt: 0 };
let screen = null;
let company = null;
let state = 'connecting';
let glassMs = null;
let danmaku = null;

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
  const playing = state === 'playing' || (state === 'stalled' && screen.everPlayed);
  byId('curtain').hidden = playing;
  byId('curtain').classList.toggle('sheer', screen.everPlayed && state !== 'waiting');
  if (playing) {
    return;
  }
  const code = failure === 'forbidden' ? 'forbidden-watch' : failure && explained(failure);
  const values = { seconds: facts.retrySeconds };
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
  const stalled = state === 'stalled' && screen.everPlayed;
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
  showCurtain(next.failure);
  showRibbon();
  showHeader();
  const mode = mediaMode();
  const codec = undecodableCodec(description);
  byId('audio-card').hidden = mode !== 'audio' || codec !== null || state !== 'playing';
  byId('unmute').hidden = !screen.autoMuted || state !== 'playing' || !player.tracks.audio;
  bindText(byId('unmute').lastElementChild, screen.blocked ? 'watch.play' : 'watch.unmute');
  showNotice(byId('notice'), codec ? 'codec' : null, { values: { codec } });
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

function followSignaling() {
  const on = (type, listener) => signaling.addEventListener(type, (event) => { listener(event.detail ?? {}); render(); });
  on('joined', () => Object.assign(facts, { refused: null, everJoined: true, unreachable: false }));
  on('refused', ({ code }) => { facts.refused = code; });
  on('lost', ({ retryMs }) => Object.assign(facts, { unreachable: !facts.refused, retrySeconds: Math.ceil(retryMs / 1000) }));
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
  glassMs = delay !== null && Math.abs(delay) < GLASS_MAX_MS ? delay : null;
}

function startStats() {
  const panel = new StatsPanel(byId('stats'), VIEWER_FIGURES);
  const reader = new StatsReader();
  const button = byId('stats-toggle');
  const update = async () => {
    screen.addEventListener('frame', readGlass, { once: true });
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

function exposeForTests() {
  const reader = new StatsReader();
  window.manycast = {
    get state() { return state; },
    /** From navigation to the first picture, in milliseconds; null before it. */
    get firstFrameMs() { return screen.firstFrameMs; },
    get peerConnection() { return player.peerConnection; },
    get marks() { return player.marks; },
    get signaling() { return signaling; },
    get seat() { return company.seat; },
    get danmaku() { return danmaku.counts; },
    stats: () => reader.sample(player.peerConnection),
    glassMs: () => { readGlass(); return glassMs; },
  };
}

function start() {
  const controls = new Controls();
  screen = new Screen({ video: byId('video'), audio: byId('audio'), setMuted: (muted) => controls.setMuted(muted) });
  facts.everJoined = signaling.joined;
  exposeForTests();
  followSignaling();
  player.addEventListener('change', followPlayer);
  screen.addEventListener('change', render);
  new Chat(byId('chat'), signaling);
  company = new Company(controls);
  danmaku = new DanmakuLayer(signaling);
  new Likes({ button: byId('like'), sky: byId('hearts'), signaling });
  startStats();
  byId('retry').addEventListener('click', retry);
  byId('stage').addEventListener('click', () => screen.autoMuted && screen.unmute());
  onLanguageChange(render);
  addEventListener('pagehide', () => company.seat.stream ? company.pause() : signaling.stop());
  addEventListener('pageshow', (event) => event.persisted && signaling.start());
  setInterval(followPlayer, RENDER_EVERY_MS);
  followPlayer();
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
}

if (hindrance) {
  startWithout(hindrance);
} else {
  start();
}
startPage();
