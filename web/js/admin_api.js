// admin_api.js - asks the server as its operator: the key is kept in this tab and sent as bearer, never in an address.

const KEY = 'manycast.admin-key';
const ANSWER_WITHIN_MS = 8000;

let key = stored();

function stored() {
  try {
    return sessionStorage.getItem(KEY) ?? '';
  } catch {
    return '';
  }
}

export const hasKey = () => key !== '';

/** '' forgets it. */
export function setKey(next) {
  key = next;
  try {
    if (key) {
      sessionStorage.setItem(KEY, key);
    } else {
      sessionStorage.removeItem(KEY);
    }
  } catch {
    // No storage: the key lasts for this page.
  }
}

/** Returns {status, body}: body is the JSON or null; status 0 if there was no answer. `withKey` false asks as anybody. */
export async function ask(method, path, { json, withKey = true } = {}) {
  const headers = {};
  if (withKey && key) {
    headers.Authorization = `Bearer ${key}`;
  }
  if (json) {
    headers['Content-Type'] = 'application/json';
  }
  try {
    const response = await fetch(path, {
      method, headers, cache: 'no-store', body: json && JSON.stringify(json), signal: AbortSignal.timeout?.(ANSWER_WITHIN_MS),
    });
    const text = await response.text();
    return { status: response.status, body: text ? JSON.parse(text) : null };
  } catch {
    return { status: 0, body: null };
  }
}

/**
 * Who this page is to the server: 'operator' (then `server` is its state), 'nobody' (a key is needed), 'wrong' (not with
 * this key), 'unset' (no key would do) or 'gone' (no answer).
 */
export async function askServer() {
  const { status, body } = await ask('GET', '/api/server');
  if (status === 200) {
    return { who: 'operator', server: body };
  }
  if (status === 401) {
    return { who: 'nobody' };
  }
  if (status !== 403) {
    return { who: 'gone' };
  }
  const { status: bare } = hasKey() ? await ask('GET', '/api/server', { withKey: false }) : { status };
  return { who: bare === 401 ? 'wrong' : bare === 403 ? 'unset' : 'gone' };
}
