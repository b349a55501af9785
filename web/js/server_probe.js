// server_probe.js - where the way to the server ends, when its WebSocket does not open: a browser does not say why.

const ANSWER_WITHIN_MS = 5000;

/**
 * Returns {failure, status}: 'server-unreachable' (no answer at all), 'http-status' (an error, or a server that is not
 * ready) or 'websocket' (it answers, so that something between keeps the WebSocket back).
 */
export async function probeServer() {
  try {
    const { status } = await fetch('/readyz', { cache: 'no-store', signal: AbortSignal.timeout?.(ANSWER_WITHIN_MS) });
    return { failure: status < 500 ? 'websocket' : 'http-status', status };
  } catch {
    return { failure: 'server-unreachable', status: 0 };
  }
}
