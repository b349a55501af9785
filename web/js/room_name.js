// room_name.js - what a room may be called, and the addresses that name it.

const MAX_CODE_POINTS = 64;
const CONTROL = /[\u0000-\u001f\u007f-\u009f]/;

/** Returns null for a good name, else the reason: 'empty', 'long' or 'characters'. */
export function roomNameFault(name) {
  if (name === '') {
    return 'empty';
  }
  if ([...name].length > MAX_CODE_POINTS) {
    return 'long';
  }
  // A browser resolves "." and ".." as path segments even when they are percent-encoded.
  return CONTROL.test(name) || name.includes('/') || name === '.' || name === '..' ? 'characters' : null;
}

/** Path of a page ('watch', 'live' or 'call') of a room. */
export function roomPath(page, room) {
  return `/${page}/${encodeURIComponent(room)}`;
}

/** The room that the address of this page names, or null. */
export function roomOfLocation() {
  try {
    const room = decodeURIComponent(location.pathname.split('/')[2] ?? '');
    return roomNameFault(room) ? null : room;
  } catch {
    return null;
  }
}

/** The stream that the address names with ?stream=, `main` by default. */
export function streamOfLocation() {
  return new URLSearchParams(location.search).get('stream') || 'main';
}

/** The key or token that the address carries with ?token=, or null. */
export function tokenOfLocation() {
  return new URLSearchParams(location.search).get('token') || null;
}
