// first.js - the way to the first picture, and nothing else: joins, offers, and puts the picture on the page.
//
// The build puts this, with all that it imports, into watch.html itself as one script (cmake/web_files.sh), so that it runs
// before anything is fetched; modules find it in viewer.js. The rest of the page (watch.js) is fetched when the
// picture is there or takes its time, what is not about the picture (company, chat, likes; see room_parts.js) after that.

import { Player } from './player.js';
import { roomOfLocation, streamOfLocation, tokenOfLocation } from './room_name.js';
import { rememberedSeat } from './seat_memory.js';
import { Screen } from './screen.js';
import { Signaling } from './signaling.js';

const NAME_KEY = 'manycast.name';
const PAGE_AFTER_MS = 1000; // where no socket opens, the page says so
const PAGE_AFTER_OFFER_MS = 400; // what is fetched and run meanwhile delays the picture
const PAGE_AGAIN_MS = 2000;

/** A guest's name: made once, kept in this browser. The chat shows `#7F3A` as "Guest 7F3A" in the reader's language. */
function guestName() {
  const made = `#${Math.random().toString(36).slice(2, 6).toUpperCase()}`;
  try {
    const name = localStorage.getItem(NAME_KEY) ?? made;
    localStorage.setItem(NAME_KEY, name);
    return name;
  } catch {
    return made;
  }
}

/** Why nothing can be watched here, as a code of the failures, or null. */
const hindrance = roomOfLocation() === null ? 'bad-room' : window.RTCPeerConnection ? null : 'no-webrtc';

const room = roomOfLocation();

const token = tokenOfLocation();
const identity = { name: guestName(), ...(token && { token }) };

const signaling = hindrance ? null : new Signaling({ room, identity: () => identity });
const player = hindrance ? null : new Player(signaling, streamOfLocation());

/** The name that others see from the next message on. */
function rename(name) {
  identity.name = name;
  try {
    localStorage.setItem(NAME_KEY, name);
  } catch {
    // No storage: the name lasts for this page.
  }
}

const ownName = () => (identity.name.startsWith('#') ? '' : identity.name);

const parsed = new Promise((resolve) => {
  if (document.readyState === 'loading') {
    document.addEventListener('DOMContentLoaded', resolve, { once: true });
  } else {
    resolve();
  }
});

/** The page's Screen, when there are elements for it. */
const screenReady = parsed.then(() => {
  const byId = (id) => document.getElementById(id);
  return new Screen({ video: byId('video'), audio: byId('audio') });
});

function loadPage() {
  clearTimeout(pageTimer);
  import('/js/watch.js').catch(() => setTimeout(loadPage, PAGE_AGAIN_MS));
}

let pageTimer = setTimeout(loadPage, hindrance ? 0 : PAGE_AFTER_MS);

function awaitPicture() {
  clearTimeout(pageTimer);
  pageTimer = setTimeout(loadPage, PAGE_AFTER_OFFER_MS);
}

function uncover() {
  document.getElementById('curtain').hidden = true;
  loadPage();
}

async function showFirst() {
  const { tracks } = player;
  if (tracks.video && player.description?.video) {
    player.removeEventListener('change', showFirst);
    const screen = await screenReady;
    screen.addEventListener('frame', uncover, { once: true });
    screen.show(tracks, 'video');
  }
}

if (!hindrance) {
  signaling.resume = rememberedSeat(room);
  signaling.start();
  player.prepare();
  player.addEventListener('change', showFirst);
  player.addEventListener('offered', awaitPicture, { once: true });
}

window.first = { hindrance, room, signaling, player, rename, ownName, screenReady };
