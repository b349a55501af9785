// screen_state.js - from the facts about a viewer's page to the one thing that it says.

const AWAY_AFTER_STILL_MS = 1000;
const STALLED_AFTER_MS = 3000;
const FIRST_PICTURE_WITHIN_MS = 4000;

function connectedState({ failure, stillMs, connectedMs, everPlayed }) {
  if (failure === 'no-media') {
    return 'stalled'; // in a hidden page an element without media seems to play
  }
  if (stillMs < STALLED_AFTER_MS) {
    return 'playing';
  }
  return everPlayed || connectedMs > FIRST_PICTURE_WITHIN_MS ? 'stalled' : 'connecting';
}

/**
 * Facts: refused (code: the page can do nothing), joined, everJoined, unreachable (code: why there is no socket), phase and
 * failure of the player, live (null: no such stream), stillMs since the last picture or sound (Infinity: none yet),
 * connectedMs, everPlayed.
 * Returns {state, failure}: state is 'playing', 'stalled' (connected, nothing comes), 'waiting', 'away', 'connecting',
 * 'reconnecting' or 'failed'; failure is a code to explain, or null.
 */
export function screenState(facts) {
  if (facts.refused) {
    return { state: 'failed', failure: facts.refused };
  }
  if (facts.phase === 'failed') {
    return { state: 'failed', failure: facts.failure };
  }
  if (facts.joined && facts.live === false && facts.stillMs > AWAY_AFTER_STILL_MS) {
    return { state: 'away', failure: null };
  }
  if (facts.phase === 'connected') {
    const state = connectedState(facts);
    return { state, failure: state === 'playing' ? null : facts.failure };
  }
  if (!facts.joined) {
    return { state: facts.everJoined ? 'reconnecting' : 'connecting', failure: facts.unreachable };
  }
  if (facts.phase === 'idle') {
    return { state: 'waiting', failure: null };
  }
  return { state: facts.phase === 'retrying' ? 'reconnecting' : 'connecting', failure: facts.failure };
}
