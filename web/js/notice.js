// notice.js - says what is wrong and what to do about it: a title, an advice, at most one button.

import { bindText, hasText } from './i18n.js';

/**
 * Shows the failure `code` (texts fail.CODE.title and fail.CODE.advice) in `box`; null hides it.
 * `action` is {key, run} of a button, or null; `adviceKey` another advice than the usual one.
 */
export function showNotice(box, code, { values = {}, action = null, adviceKey = `fail.${code}.advice` } = {}) {
  box.hidden = code === null;
  box.dataset.code = code ?? '';
  if (code === null) {
    box.replaceChildren();
    return;
  }
  const title = document.createElement('strong');
  bindText(title, `fail.${code}.title`, values);
  const advice = document.createElement('p');
  bindText(advice, adviceKey, values);
  const parts = [title, advice];
  if (action) {
    const button = document.createElement('button');
    button.type = 'button';
    button.className = 'button small';
    button.addEventListener('click', action.run);
    bindText(button, action.key);
    parts.push(button);
  }
  box.replaceChildren(...parts);
}

/** The code to show for one that came from the server or the browser and may be unknown here. */
export function explained(code) {
  return hasText(`fail.${code}.title`) ? code : 'internal';
}
