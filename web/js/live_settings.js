// live_settings.js - the broadcaster's form: source, devices, quality, title, key; remembers the choices in this browser.

import { listDevices, NO_DEVICE, RESOLUTIONS } from './capture.js';
import { bindText, onLanguageChange, t } from './i18n.js';
import { tokenOfLocation } from './room_name.js';

const STORAGE_KEY = 'manycast.live.settings';
const SECRET_KEY = 'manycast.stream-key';
const REMEMBERED = ['camera', 'microphone', 'resolution', 'bitrate', 'name'];
const SOURCES = ['camera', 'screen', 'test'];

const byId = (id) => document.getElementById(id);

function load() {
  try {
    return JSON.parse(localStorage.getItem(STORAGE_KEY)) ?? {};
  } catch {
    return {};
  }
}

function option(value, text) {
  const made = document.createElement('option');
  made.value = value;
  made.textContent = text;
  return made;
}

export class LiveSettings {
  #wanted = load();
  #onChange;

  /** `onChange` gets the id of what changed: 'source', 'camera', 'microphone', 'resolution', 'bitrate'. */
  constructor(onChange) {
    this.#onChange = onChange;
    const asked = new URLSearchParams(location.search).get('source');
    this.source = [asked, this.#wanted.source, 'camera'].find((source) => SOURCES.includes(source));
    REMEMBERED.forEach((id) => {
      if (this.#wanted[id] !== undefined) {
        byId(id).value = this.#wanted[id];
      }
      byId(id).addEventListener('change', () => this.#changed(id));
    });
    SOURCES.forEach((source) => byId(`source-${source}`).addEventListener('change', () => this.#changed('source')));
    byId('stream-key').value = tokenOfLocation() ?? sessionStorage.getItem(SECRET_KEY) ?? '';
    byId('stream-key').addEventListener('change', () => sessionStorage.setItem(SECRET_KEY, byId('stream-key').value));
    byId('settings').addEventListener('submit', (event) => event.preventDefault());
    navigator.mediaDevices?.addEventListener?.('devicechange', () => this.refreshDevices());
    onLanguageChange(() => this.#show());
    this.#show();
  }

  get source() {
    return SOURCES.find((source) => byId(`source-${source}`).checked);
  }

  set source(source) {
    byId(`source-${source}`).checked = true;
  }

  /** What openSource() of capture.js wants. */
  get capture() {
    return { camera: byId('camera').value, microphone: byId('microphone').value, resolution: byId('resolution').value };
  }

  get limits() {
    const { kbps, fps } = RESOLUTIONS[byId('resolution').value];
    const chosen = byId('bitrate').value;
    return { videoKbps: chosen === 'auto' ? kbps : Number(chosen), fps };
  }

  /** {name, token} for joining; what is empty is left out. */
  get identity() {
    const name = byId('name').value.trim();
    const token = byId('stream-key').value.trim();
    return { ...(name && { name }), ...(token && { token }) };
  }

  askForKey() {
    byId('key-row').hidden = false;
    byId('stream-key').focus();
  }

  /** Fills the pickers; call again once a device was allowed, since only then they have names. */
  async refreshDevices() {
    const { cameras, microphones } = await listDevices();
    this.#fill('camera', cameras);
    this.#fill('microphone', microphones);
  }

  #fill(id, devices) {
    const picker = byId(id);
    const chosen = picker.value || this.#wanted[id] || '';
    const named = devices.map(({ deviceId, label }, i) => option(deviceId, label || t('live.device.number', { number: i + 1 })));
    picker.replaceChildren(option('', t('live.device.default')), ...named, option(NO_DEVICE, t('live.device.none')));
    picker.value = chosen;
    if (picker.selectedIndex < 0) {
      picker.value = '';
    }
  }

  #changed(what) {
    const remembered = Object.fromEntries(REMEMBERED.map((id) => [id, byId(id).value]));
    this.#wanted = { ...remembered, source: this.source };
    try {
      localStorage.setItem(STORAGE_KEY, JSON.stringify(this.#wanted));
    } catch {
      // No storage: the choices last for this page.
    }
    this.#show();
    this.#onChange(what);
  }

  #show() {
    byId('live').dataset.source = this.source;
    byId('key-row').hidden = byId('key-row').hidden && byId('stream-key').value === '';
    bindText(byId('bitrate-auto'), 'live.bitrate.auto', { mbps: RESOLUTIONS[byId('resolution').value].kbps / 1000 });
    this.refreshDevices();
  }
}
