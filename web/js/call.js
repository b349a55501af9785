// call.js - the page of a two-way call: brings room, connection, devices, chat and board together, and says what is going on.

import { CallMedia } from './call_media.js';
import { CallTalk } from './call_talk.js';
import { Chat } from './chat.js';
import { copyText } from './controls.js';
import { bindLabel, bindText, hasText, onLanguageChange, startPage, t } from './i18n.js';
import { keepAwake } from './keep_awake.js';
import { explained, showNotice } from './notice.js';
import { Pair } from './pair.js';
import { RelayRoom } from './relay_room.js';
import { roomOfLocation, roomPath } from './room_name.js';
import { Screen } from './screen.js';
import { INKS, Whiteboard } from './whiteboard.js';

const COPIED_MS = 2000;
const ASK_MS_MAX = 30000;
const SPINNING = new Set(['asking', 'connecting', 'calling']);
// Trying again would change nothing, or a button for it is there already.
const HOPELESS = /^(insecure|camera-unsupported|screen-.*)$/;
const AGAIN = { asking: 'call.without', full: 'call.tryAgain', ended: 'call.again' };

const byId = (id) => document.getElementById(id);
const room = roomOfLocation();
const facts = { place: 'asking', refusal: null, lost: false, alone: false, met: false, boardOpen: false, boardNews: false };
let iceServers = [];
let relay = null;
let pair = null;
/** What the other has switched on, as far as they said. */
let other = { audio: true, video: true };
const media = new CallMedia();
const talk = new CallTalk(() => pair);
let board = null;
let camera = null;
let screen = null;

/** 'asking' (for camera and microphone), 'connecting', 'alone', 'calling', 'connected', 'reconnecting', 'full', 'ended' or 'failed'. */
function stateNow() {
  if (facts.place !== 'paired') {
    return facts.place;
  }
  if (pair.state === 'connected' || pair.state === 'reconnecting') {
    return pair.state;
  }
  return facts.met ? 'reconnecting' : 'calling';
}

function viewNow() {
  return facts.boardOpen ? 'board' : pair?.remote.screen ? 'screen' : 'camera';
}

function ribbonNow(state) {
  if (state === 'reconnecting' || pair?.state === 'failed') {
    return pair?.state === 'failed' ? 'call.noWay' : 'call.interrupted';
  }
  if (state === 'connected' && facts.lost) {
    return 'call.lost.inCall';
  }
  return media.tracks.screen ? 'call.sharing' : null;
}

function showCurtain(state) {
  const place = state === 'alone' ? (facts.met ? 'call.left' : 'call.waiting') : `call.state.${state}`;
  const shown = state !== 'connected' && state !== 'reconnecting';
  const sheer = state === 'alone' || state === 'calling';
  byId('curtain').hidden = !shown || (sheer && facts.boardOpen);
  if (!shown) {
    return;
  }
  byId('curtain').classList.toggle('sheer', sheer);
  byId('spinner').hidden = !SPINNING.has(state);
  if (state === 'failed') {
    bindText(byId('curtain-title'), `fail.${facts.refusal}.title`);
    bindText(byId('curtain-advice'), `fail.${facts.refusal}.advice`);
  } else {
    bindText(byId('curtain-title'), hasText(`${place}.title`) ? `${place}.title` : place);
    bindText(byId('curtain-advice'), facts.lost ? 'call.lost' : `${place}.advice`);
  }
  byId('copy-link').hidden = state !== 'alone';
  byId('again').hidden = !(state in AGAIN);
  if (state in AGAIN) {
    bindText(byId('again'), AGAIN[state]);
  }
  byId('again').classList.toggle('primary', state === 'ended');
  byId('watch-instead').hidden = state !== 'full';
  byId('to-lobby').hidden = state !== 'full' && state !== 'ended' && state !== 'failed';
}

function showOther(state, view) {
  const remote = pair?.remote ?? {};
  const inCall = state === 'connected' || state === 'reconnecting';
  const pictured = Boolean(inCall && remote.video && other.video);
  camera.show({ audio: remote.audio, video: remote.video }, 'apart');
  screen.show({ audio: remote.screenAudio, video: remote.screen }, 'apart');
  byId('video').hidden = !pictured;
  byId('video').classList.toggle('inset', view !== 'camera');
  byId('screen').hidden = view !== 'screen';
  byId('avatar').hidden = !inCall || pictured || view !== 'camera';
  byId('other-muted').hidden = !inCall || Boolean(remote.audio && other.audio);
  byId('unmute').hidden = !camera.autoMuted && !screen.autoMuted;
}

function showOwn() {
  const self = byId('self');
  const track = media.tracks.video;
  if ((self.srcObject?.getVideoTracks()[0] ?? null) !== track) {
    self.srcObject = track ? new MediaStream([track]) : null;
    self.play().catch(() => {});
  }
  self.classList.add('inset');
  self.hidden = !media.isOn('video');
  const button = (id, on, icon) => {
    byId(id).classList.toggle('off', !on);
    byId(id).setAttribute('aria-pressed', String(on));
    byId(id).querySelector('use').setAttribute('href', `/img/icons.svg#${on ? icon : `${icon}-off`}`);
  };
  button('microphone-toggle', media.isOn('audio'), 'microphone');
  button('camera-toggle', media.isOn('video'), 'camera');
  byId('screen-toggle').setAttribute('aria-pressed', String(media.tracks.screen !== null));
}

function render() {
  const state = stateNow();
  const view = viewNow();
  byId('call').dataset.state = state;
  byId('stage').dataset.view = view;
  bindText(byId('state'), `call.state.${state}`);
  byId('state').classList.toggle('live', state === 'connected');
  byId('board').hidden = view !== 'board';
  byId('board-toggle').setAttribute('aria-pressed', String(facts.boardOpen));
  byId('board-toggle').classList.toggle('news', facts.boardNews);
  showCurtain(state);
  showOther(state, view);
  showOwn();
  const ribbon = ribbonNow(state);
  byId('ribbon').hidden = ribbon === null;
  if (ribbon) {
    bindText(byId('ribbon'), ribbon);
  }
  keepAwake(state === 'connected' || state === 'reconnecting');
}

function tellSwitches() {
  pair?.send({ type: 'state', audio: media.isOn('audio'), video: media.isOn('video') });
}

function hear(message) {
  if (message.type === 'state') {
    other = { audio: message.audio === true, video: message.video === true };
  } else if (!talk.apply(message) && board.apply(message) && !facts.boardOpen) {
    facts.boardNews = !board.empty;
  }
  render();
}

function hangUpPair() {
  pair?.close();
  pair = null;
  other = { audio: true, video: true };
}

function leaveAlone() {
  hangUpPair();
  at('alone');
}

function beginCall(polite) {
  hangUpPair();
  pair = new Pair({ iceServers, polite });
  const begun = pair;
  const on = (type, listener) => begun.addEventListener(type, ({ detail }) => begun === pair && listener(detail));
  on('signal', ({ data }) => relay.send(data));
  on('state', () => {
    facts.met ||= begun.state === 'connected';
    if (facts.alone && begun.state !== 'connected') {
      leaveAlone();
    }
    render();
  });
  on('tracks', render);
  on('open', () => {
    tellSwitches();
    for (const message of board.history()) {
      begun.send(message);
    }
    render();
  });
  on('data', ({ message }) => hear(message));
  begun.setTracks(media.tracks);
}

function at(place) {
  facts.place = place;
  facts.lost = false;
  render();
}

function enter() {
  relay = new RelayRoom(room);
  const on = (type, listener) => relay.addEventListener(type, ({ detail }) => listener(detail));
  on('alone', () => {
    facts.alone = true;
    // After a loss of the server the call itself may still go on, until the other has come back too.
    if (pair?.state === 'connected') {
      at('paired');
    } else {
      leaveAlone();
    }
  });
  on('ready', ({ polite }) => {
    facts.alone = false;
    beginCall(polite);
    at('paired');
  });
  on('message', ({ data }) => data && typeof data === 'object' && pair?.receive(data));
  on('left', leaveAlone);
  on('full', () => at('full'));
  on('refused', ({ code }) => {
    facts.refusal = explained(code);
    at('failed');
  });
  on('lost', () => {
    facts.lost = true;
    render();
  });
  facts.place = 'connecting';
  facts.met = false;
  relay.start();
  render();
}

function hangUp() {
  relay.stop();
  hangUpPair();
  media.close();
  at('ended');
}

/**
 * When the question for camera and microphone is answered, or is not waited for any longer. A browser names the addresses of
 * this machine only then; without them two in one network may find no way to each other.
 */
async function devicesAnswered() {
  at('asking');
  const skipped = new Promise((resolve) => { byId('again').addEventListener('click', resolve, { once: true }); });
  const late = new Promise((resolve) => { setTimeout(resolve, ASK_MS_MAX); });
  await Promise.race([media.open(), skipped, late]);
}

async function again() {
  if (facts.place === 'full') {
    relay.enterAgain();
  } else if (facts.place === 'ended') {
    await devicesAnswered();
    enter();
  }
}

async function loadIceServers() {
  try {
    const answer = await fetch('/api/ice-servers', { cache: 'no-store' });
    return (await answer.json()).iceServers ?? [];
  } catch {
    return []; // between two browsers of one network none is needed
  }
}

function showHindrance(code) {
  const known = code && explained(code);
  const own = `call.advice.${known}`;
  showNotice(byId('notice'), known, {
    ...(hasText(own) && { adviceKey: own }),
    action: known && !HOPELESS.test(known) ? { key: 'watch.retry', run: () => media.open() } : null,
  });
}

function startBoard() {
  board = new Whiteboard(byId('board-canvas'));
  board.addEventListener('message', ({ detail }) => pair?.send(detail.message));
  const inks = INKS.map(({ colour }, i) => {
    const button = document.createElement('button');
    button.type = 'button';
    button.className = 'icon-button';
    button.id = `ink-${i}`;
    bindLabel(button, `call.board.ink.${i}`);
    if (i === INKS.length - 1) {
      button.innerHTML = '<svg class="icon" aria-hidden="true"><use href="/img/icons.svg#eraser"></use></svg>';
    } else {
      const spot = document.createElement('span');
      spot.className = 'ink';
      spot.style.setProperty('--ink', colour);
      button.append(spot);
    }
    button.addEventListener('click', () => choose(i));
    return button;
  });
  const choose = (chosen) => {
    board.ink = chosen;
    inks.forEach((button, i) => button.setAttribute('aria-pressed', String(i === chosen)));
  };
  const clear = document.createElement('button');
  clear.type = 'button';
  clear.id = 'board-clear';
  clear.className = 'button small';
  bindText(clear, 'call.board.clear');
  clear.addEventListener('click', () => board.clear());
  byId('inks').append(...inks, clear);
  choose(0);
  byId('board-toggle').addEventListener('click', () => {
    facts.boardOpen = !facts.boardOpen;
    facts.boardNews = false;
    render();
  });
}

function startScreens() {
  const make = (video, audio) => {
    const made = new Screen({
      video, audio,
      setMuted: (muted) => [video, audio].forEach((each) => { each.muted = muted; }),
    });
    made.addEventListener('change', render);
    return made;
  };
  camera = make(byId('video'), byId('audio'));
  screen = make(byId('screen'), byId('screen-audio'));
  byId('stage').addEventListener('click', () => [camera, screen].forEach((each) => each.autoMuted && each.unmute()));
}

function startButtons() {
  byId('microphone-toggle').addEventListener('click', () => media.toggle('audio'));
  byId('camera-toggle').addEventListener('click', () => media.toggle('video'));
  byId('screen-toggle').addEventListener('click', () => media.toggleScreen());
  byId('hang-up').addEventListener('click', hangUp);
  byId('again').addEventListener('click', again);
  byId('watch-instead').href = roomPath('watch', room);
  byId('copy-link').addEventListener('click', async () => {
    await copyText(location.href);
    bindText(byId('copy-link'), 'call.copied');
    setTimeout(() => bindText(byId('copy-link'), 'call.copy'), COPIED_MS);
  });
  media.addEventListener('change', () => {
    pair?.setTracks(media.tracks);
    tellSwitches();
    render();
  });
  media.addEventListener('hindered', ({ detail }) => showHindrance(detail.code));
  document.addEventListener('visibilitychange', () => document.hidden || render());
}

async function start() {
  startBoard();
  startScreens();
  startButtons();
  new Chat(byId('chat'), talk, { offline: 'call.chat.offline' });
  onLanguageChange(render);
  addEventListener('pagehide', () => {
    relay?.stop({ comesBack: true });
    pair?.close();
  });
  addEventListener('pageshow', (event) => event.persisted && location.reload());
  window.manycast = {
    get state() { return stateNow(); },
    get peerConnection() { return pair?.pc ?? null; },
    get media() { return media; },
    get board() { return board; },
  };
  iceServers = await loadIceServers();
  await devicesAnswered();
  enter();
}

/** Without a room, WebRTC or the Socket.IO client there is nothing to do, only something to say. */
function startWithout(code) {
  facts.place = 'failed';
  facts.refusal = code;
  window.manycast = { state: 'failed', peerConnection: null };
  byId('call').dataset.state = 'failed';
  bindText(byId('state'), 'call.state.failed');
  byId('self').hidden = true;
  showCurtain('failed');
}

function showTitle() {
  byId('room-title').textContent = room ?? '';
  document.title = room ? t('call.title', { room }) : 'Manycast';
}

showTitle();
onLanguageChange(showTitle);
if (room === null) {
  startWithout('bad-room');
} else if (!window.RTCPeerConnection) {
  startWithout('no-webrtc');
} else if (!window.io) {
  startWithout('no-client');
} else {
  start();
}
startPage();
