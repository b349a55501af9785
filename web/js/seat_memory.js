// seat_memory.js - what a tab remembers of its place beside the host, so that a reload comes back to it.

const keyOf = (room) => `manycast.seat.${room}`;

/** What to resume with, or null: this tab had no place. */
export function rememberedSeat(room) {
  try {
    return sessionStorage.getItem(keyOf(room));
  } catch {
    return null;
  }
}

/** `resume` null forgets. */
export function rememberSeat(room, resume) {
  try {
    if (resume) {
      sessionStorage.setItem(keyOf(room), resume);
    } else {
      sessionStorage.removeItem(keyOf(room));
    }
  } catch {
    // No storage: a reload leaves the stage.
  }
}
