// viewer.js - starts watching before the rest of the page has arrived: it needs only what it imports.

import { Player } from './player.js';
import { roomOfLocation, streamOfLocation, tokenOfLocation } from './room_name.js';
import { rememberedSeat } from './seat_memory.js';
import { Signaling } from './signaling.js';

const NAME_KEY = 'manycast.name';

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
export const hindrance = roomOfLocation() === null ? 'bad-room' : window.RTCPeerConnection ? null : 'no-webrtc';

export const room = roomOfLocation();

const token = tokenOfLocation();
const identity = { name: guestName(), ...(token && { token }) };

export const signaling = hindrance ? null : new Signaling({ room, identity: () => identity });
export const player = hindrance ? null : new Player(signaling, streamOfLocation());

/** The name that others see from the next message on. */
export function rename(name) {
  identity.name = name;
  try {
    localStorage.setItem(NAME_KEY, name);
  } catch {
    // No storage: the name lasts for this page.
  }
}

export const ownName = () => (identity.name.startsWith('#') ? '' : identity.name);

if (!hindrance) {
  signaling.resume = rememberedSeat(room);
  signaling.start();
  player.prepare();
}
