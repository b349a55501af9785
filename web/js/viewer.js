// viewer.js - what first.js has begun, for the modules of the watch page.

/**
 * `hindrance`: why nothing can be watched here, as a code of the failures, or null; then `signaling` and `player` are null.
 * `rename(name)`, `ownName()`: what others see. `screenReady`: the page's Screen, when there are elements for it.
 */
export const { hindrance, room, signaling, player, rename, ownName, screenReady } = window.first;
