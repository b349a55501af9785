// live.js - the broadcaster's page: opens a source, goes live with it, and says what is being sent.

import { cameraAllowed, openSource } from './capture.js';
import { Chat } from './chat.js';
import { HostDesk } from './host_desk.js';
import { HostOnly } from './host_only.js';
import { bindText, formatNumber, onLanguageChange, startPage, t } from './i18n.js';
import { keepAwake } from './keep_awake.js';
import { LevelMeter } from './level_meter.js';
import { LiveSettings } from './live_settings.js';
import { explained, showNotice } from './notice.js';
import { Publisher } from './publisher.js';
import { roomOfLocation, streamOfLocation } from './room_name.js';
import { probeServer } from './server_probe.js';
import { ShareLink } from './share_link.js';
import { Signaling } from './signaling.js';
import { SoundWatch } from './sound_watch.js';
import { StatsReader } from './stats.js';
import { BROADCASTER_FIGURES, StatsPanel } from './stats_panel.js';

const STATS_EVERY_MS = 1000;
const ICONS = { camera: 'camera', screen: 'screen', test: 'pattern' };
// These hinder the camera and the screen, not the stream that may be running.
const HARMLESS = new Set(['microphone-missing', 'picture-missing', 'camera-busy', 'camera-failed']);

const byId = (id) => document.getElementById(id);
const room = roomOfLocation();
const sessionKey = `manycast.live.${room}`;
let signaling = null;
let publisher = null;
let settings = null;
let desk = null;
let hosting = null;
let share = null;
let sound = null;
let source = null;
let opening = null;

const meter = new LevelMeter(({ level, silent, blocked }) => {
  byId('level-meter').style.setProperty('--level', level);
  byId('level-meter').setAttribute('aria-valuenow', String(Math.round(level * 100)));
  const hint = blocked && settings?.source === 'test' ? 'live.level.blocked' : silent ? 'live.level.silent' : null;
  byId('level').classList.toggle('silent', silent);
  byId('level-hint').hidden = hint === null;
  if (hint) {
    bindText(byId('level-hint'), hint);
  }
});

function showSource() {
  const preview = byId('preview');
  preview.srcObject = source?.video ? new MediaStream([source.video]) : null;
  preview.play().catch(() => {});
  const soundOnly = source !== null && !source.video;
  byId('preview-empty').hidden = Boolean(source?.video);
  byId('open-source').hidden = source !== null || hosting.on;
  byId('preview-icon').setAttribute('href', `/img/icons.svg#${soundOnly ? 'microphone' : ICONS[settings.source]}`);
  bindText(byId('preview-text'), hosting.on ? 'live.preview.program' : soundOnly ? 'live.preview.audioOnly' : 'live.preview.empty');
  bindText(byId('open-source'), `live.open.${settings.source}`);
  byId('level').hidden = !source?.audio;
  meter.watch(source?.audio ?? null);
}

function closeSource() {
  source?.stop();
  source = null;
}

function watchEnd(opened) {
  const ended = () => {
    if (source === opened) {
      closeSource();
      showSource();
      showNotice(byId('source-notice'), 'source-ended', { action: { key: `live.open.${settings.source}`, run: () => open() } });
    }
  };
  (opened.video ?? opened.audio).addEventListener('ended', ended);
}

async function openNow() {
  const kind = settings.source;
  // Many cameras can be open only once: let go before opening the next.
  const replaced = source;
  if (replaced?.kind === 'camera' && kind === 'camera') {
    closeSource();
  }
  try {
    const opened = await openSource(kind, { ...settings.capture, label: room });
    replaced?.stop();
    source = { ...opened, kind };
    watchEnd(source);
    showNotice(byId('source-notice'), opened.notice);
    await publisher.setSource(source);
    settings.refreshDevices();
  } catch (error) {
    const code = explained(error.code);
    showNotice(byId('source-notice'), code, { action: { key: 'watch.retry', run: () => open() } });
    byId('source-notice').classList.toggle('mild', HARMLESS.has(code));
    settings.source = source?.kind ?? kind;
  }
  showSource();
}

/** Opens the chosen source, one at a time; a second call waits for the first. */
async function open() {
  const before = opening;
  opening = (async () => {
    await before;
    await openNow();
  })();
  await opening;
}

async function goLive() {
  showNotice(byId('notice'), null);
  if (!source) {
    await open();
  }
  if (source && publisher.state === 'off') {
    hosting.failure = null;
    publisher.setLimits(settings.limits);
    publisher.start();
  }
}

async function settingChanged(what) {
  if (what === 'bitrate' || what === 'resolution') {
    publisher.setLimits(settings.limits);
  }
  if (what === 'source') {
    showNotice(byId('source-notice'), null);
    showSource();
  }
  const opens = source !== null || (what === 'source' && settings.source === 'test');
  if (opens && what !== 'bitrate' && what !== 'name') {
    await open();
  }
}

/** A reload of this page goes on where it was: the tab remembers that it was live or host, and as whom. */
function remember(inRoom) {
  try {
    if (inRoom) {
      sessionStorage.setItem(sessionKey, JSON.stringify({ resume: signaling.resume, source: settings.source, hosting: hosting.on }));
    } else {
      sessionStorage.removeItem(sessionKey);
    }
  } catch {
    // No storage: a reload starts afresh.
  }
}

function remembered() {
  try {
    return JSON.parse(sessionStorage.getItem(sessionKey));
  } catch {
    return null;
  }
}

function showState() {
  const { state } = publisher;
  const inRoom = state !== 'off' || hosting.on;
  const failure = publisher.failure ?? hosting.failure;
  byId('live').dataset.state = hosting.on ? 'hosting' : state;
  byId('go-live').hidden = inRoom;
  byId('host-only').hidden = inRoom;
  byId('stop').hidden = state === 'off';
  byId('leave').hidden = !hosting.on;
  byId('settings').hidden = hosting.on;
  byId('sending').hidden = state !== 'live' && state !== 'reconnecting';
  byId('chat').hidden = !inRoom;
  byId('viewers').parentElement.hidden = !inRoom;
  byId('name').disabled = inRoom;
  showBadge();
  showNotice(byId('notice'), failure ? explained(failure) : null);
  if (failure === 'forbidden' || failure === 'no-host') {
    settings.askForKey();
  }
  if (state === 'live' || hosting.on) {
    remember(true);
  } else if (state === 'off') {
    remember(false);
  }
  if (!inRoom) {
    desk.clear();
    sound.clear();
  }
  keepAwake(inRoom);
}

/** Who only hosts sees whether the program is live. */
function showBadge() {
  const state = !hosting.on ? publisher.state : signaling.streams.get('main')?.live ? 'live' : 'off';
  byId('state').classList.toggle('live', state === 'live');
  bindText(byId('state'), `live.state.${state}`);
}

/** The room without a picture of one's own: nothing that is open here would be sent. */
function hostOnly() {
  publisher.failure = null;
  showNotice(byId('source-notice'), null);
  closeSource();
  hosting.start();
}

function followSignaling() {
  const on = (type, listener) => signaling.addEventListener(type, ({ detail }) => listener(detail));
  let losses = 0;
  on('joined', ({ message }) => {
    losses = 0;
    sound.clear(); // the server tells how it is now
    share.takesKey = message.watch_key === true;
    showState();
  });
  on('streams', () => showBadge());
  on('lost', async ({ retryMs }) => {
    losses += 1;
    const { failure, status } = losses > 1 ? await probeServer() : { failure: 'server-unreachable' };
    if (losses > 0 && ((publisher.state !== 'off' && !publisher.failure) || hosting.on)) {
      showNotice(byId('notice'), failure, { values: { seconds: Math.ceil(retryMs / 1000), status } });
    }
  });
  const count = () => {
    byId('viewers').textContent = formatNumber(signaling.viewers);
  };
  on('viewers', count);
  onLanguageChange(count);
}

function startStats() {
  const panel = new StatsPanel(byId('stats'), BROADCASTER_FIGURES);
  const reader = new StatsReader();
  setInterval(async () => {
    if (publisher.state !== 'off') {
      panel.show(await reader.sample(publisher.peerConnection));
    }
  }, STATS_EVERY_MS);
}

function exposeForTests() {
  const reader = new StatsReader();
  window.manycast = {
    get state() { return publisher.state; },
    get peerConnection() { return publisher.peerConnection; },
    get source() { return source; },
    get signaling() { return signaling; },
    stats: () => reader.sample(publisher.peerConnection),
  };
}

async function resumeOrPreview(before) {
  if (before?.hosting) {
    signaling.resume = before.resume;
    hostOnly();
  } else if (before) {
    settings.source = before.source;
    signaling.resume = before.resume;
    showSource();
    if (before.source === 'screen') {
      // The browser shares a screen only after a click.
      showNotice(byId('notice'), 'interrupted', { action: { key: 'live.resume', run: goLive } });
    } else {
      await goLive();
    }
  } else if (settings.source === 'camera' && (await cameraAllowed())) {
    await open();
  }
}

function start() {
  signaling = new Signaling({ room, identity: () => settings.identity });
  publisher = new Publisher(signaling, streamOfLocation());
  settings = new LiveSettings(settingChanged);
  desk = new HostDesk(signaling);
  hosting = new HostOnly(signaling);
  exposeForTests();
  followSignaling();
  publisher.addEventListener('change', showState);
  hosting.addEventListener('change', () => {
    showSource();
    showState();
  });
  byId('go-live').addEventListener('click', goLive);
  byId('stop').addEventListener('click', () => publisher.stop());
  byId('host-only').addEventListener('click', hostOnly);
  byId('leave').addEventListener('click', () => hosting.stop());
  byId('open-source').addEventListener('click', open);
  document.addEventListener('visibilitychange', () => document.hidden || (publisher.state !== 'off' && keepAwake(true)));
  new Chat(byId('chat'), signaling, { hosts: true });
  share = new ShareLink(room, streamOfLocation(), () => settings.identity.token);
  sound = new SoundWatch(signaling, byId('sound-notice'), streamOfLocation());
  startStats();
  const before = remembered();
  showSource();
  showState();
  resumeOrPreview(before);
}

function showTitle() {
  byId('room-title').textContent = room ?? '';
  document.title = room ? t('live.title', { room }) : 'Manycast';
}

/** Without a room or without WebRTC there is nothing to send, only something to say. */
function startWithout(code) {
  window.manycast = { state: 'failed', peerConnection: null, stats: async () => null };
  byId('viewers').parentElement.hidden = true;
  showNotice(byId('notice'), code, { action: { key: 'app.home', run: () => location.assign('/') } });
  byId('live').dataset.state = 'failed';
}

showTitle();
onLanguageChange(showTitle);
if (room === null) {
  startWithout('bad-room');
} else if (!window.RTCPeerConnection) {
  startWithout('no-webrtc');
} else {
  start();
}
startPage();
