// keep_awake.js - keeps the screen of a phone on while something goes on.

let lock = null;

/** Again after each return to the page: a hidden page loses the lock. */
export async function keepAwake(wanted) {
  if (wanted && (!lock || lock.released)) {
    lock = await navigator.wakeLock?.request('screen').catch(() => null);
  } else if (!wanted) {
    await lock?.release();
    lock = null;
  }
}
