// i18n.js - Chinese and English texts: the browser's language, or the one chosen before.

import en from '../i18n/en.js';
import zh from '../i18n/zh.js';

const STORAGE_KEY = 'manycast.language';
const TEXTS = { en, zh };
const TAGS = { en: 'en', zh: 'zh-CN' };

let current = stored() ?? preferred();
const bindings = new WeakMap();
const listeners = new Set();

function stored() {
  try {
    const language = localStorage.getItem(STORAGE_KEY);
    return language in TEXTS ? language : null;
  } catch {
    return null;
  }
}

function preferred() {
  const first = (navigator.languages ?? [navigator.language]).find((tag) => /^(zh|en)\b/i.test(tag));
  return first && /^zh/i.test(first) ? 'zh' : 'en';
}

/** 'zh' or 'en'. */
export function language() {
  return current;
}

/** The text of a key in the current language, {name} replaced from `values`. */
export function t(key, values = {}) {
  const text = TEXTS[current][key] ?? TEXTS.en[key] ?? key;
  return text.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? String(values[name]) : whole));
}

/** Takes the texts of one page in, which the others need not load: {en, zh}. */
export function addTexts(texts) {
  Object.keys(texts).forEach((each) => Object.assign(TEXTS[each], texts[each]));
}

/** Formats times of day as people of this language write them, from Dates. */
export function timeFormat(options) {
  return new Intl.DateTimeFormat(TAGS[current], { hourCycle: 'h23', ...options });
}

/** Whether there is a text of that key. */
export function hasText(key) {
  return key in TEXTS.en;
}

/** A number as people of this language write it. */
export function formatNumber(value, digits = 0) {
  return new Intl.NumberFormat(TAGS[current], { maximumFractionDigits: digits }).format(value);
}

function render(element) {
  const { i18n, i18nLabel, i18nPlaceholder } = element.dataset;
  const values = bindings.get(element);
  if (i18n) {
    element.textContent = t(i18n, values);
  }
  if (i18nLabel) {
    element.setAttribute('aria-label', t(i18nLabel, values));
    element.title = t(i18nLabel, values);
  }
  if (i18nPlaceholder) {
    element.placeholder = t(i18nPlaceholder, values);
  }
}

/** Gives an element the text of a key, now and after each change of language. */
export function bindText(element, key, values) {
  element.dataset.i18n = key;
  bindings.set(element, values);
  render(element);
}

/** The same for an element's label: aria-label and tooltip. */
export function bindLabel(element, key, values) {
  element.dataset.i18nLabel = key;
  bindings.set(element, values);
  render(element);
}

/** Fills in every element under `root` that carries a key (data-i18n, data-i18n-label, data-i18n-placeholder). */
export function translate(root = document) {
  root.querySelectorAll('[data-i18n], [data-i18n-label], [data-i18n-placeholder]').forEach(render);
}

/** Calls `listener` after each change of language. */
export function onLanguageChange(listener) {
  listeners.add(listener);
}

export function setLanguage(next) {
  current = next;
  try {
    localStorage.setItem(STORAGE_KEY, next);
  } catch {
    // Private mode without storage: the choice lasts for this page.
  }
  document.documentElement.lang = TAGS[current];
  translate();
  listeners.forEach((listener) => listener());
}

/** Translates the page and shows it; the element with id `language` becomes the switch. */
export function startPage() {
  document.documentElement.lang = TAGS[current];
  translate();
  document.getElementById('language')?.addEventListener('click', () => setLanguage(current === 'zh' ? 'en' : 'zh'));
  document.documentElement.dataset.ready = '';
}
