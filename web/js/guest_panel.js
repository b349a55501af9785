// guest_panel.js - what a viewer sees of a place beside the host: asking, waiting, being on stage.

import { bindText } from './i18n.js';
import { explained, showNotice } from './notice.js';
import { ownName, rename } from './viewer.js';

const NAME_MAX = 30;
const TEXT = { opening: 'guest.opening', ready: 'guest.ready', asking: 'guest.asking', returning: 'guest.returning', seated: 'guest.seated' };

function element(tag, className, parent) {
  const made = document.createElement(tag);
  made.className = className;
  parent.append(made);
  return made;
}

function makeButton(className, key, parent, run) {
  const made = element('button', className, parent);
  made.type = 'button';
  bindText(made, key);
  made.addEventListener('click', run);
  return made;
}

export class GuestPanel {
  #button;
  #box;
  #seat;
  #signaling;
  #preview;
  #text;
  #name;
  #send;
  #toggles;
  #leave;
  #notice;

  constructor({ button, box, seat, signaling }) {
    this.#button = button;
    this.#box = box;
    this.#seat = seat;
    this.#signaling = signaling;
    button.addEventListener('click', () => seat.open());
    this.#build();
  }

  /** Brings it up to date. */
  show() {
    const { state, failure, source } = this.#seat;
    const ready = state === 'ready';
    const seated = state === 'seated';
    this.#button.hidden = state !== 'off' || !this.#signaling.streams.get('main')?.live;
    this.#box.hidden = state === 'off' && failure === null;
    this.#box.dataset.state = state;
    this.#preview.hidden = !source?.video || seated;
    if (this.#preview.srcObject?.getVideoTracks()[0] !== (source?.video ?? undefined)) {
      this.#preview.srcObject = source?.video ? new MediaStream([source.video]) : null;
    }
    this.#text.hidden = state === 'off';
    if (state !== 'off') {
      bindText(this.#text, seated && this.#seat.publishing !== 'live' ? 'live.state.connecting' : TEXT[state]);
    }
    this.#name.hidden = !ready;
    this.#send.hidden = !ready;
    this.#toggles.forEach(([kind, button]) => {
      const track = source?.[kind];
      button.hidden = !seated || !track;
      button.setAttribute('aria-pressed', String(track?.enabled === false));
      bindText(button, `guest.${kind}.${track?.enabled === false ? 'on' : 'off'}`);
    });
    bindText(this.#leave, state === 'off' ? 'guest.close' : seated ? 'guest.leave' : 'guest.cancel');
    showNotice(this.#notice, failure ? explained(failure) : null);
  }

  #build() {
    this.#preview = element('video', 'seat-preview', this.#box);
    Object.assign(this.#preview, { muted: true, autoplay: true, playsInline: true });
    this.#text = element('p', 'seat-text', this.#box);
    this.#text.setAttribute('role', 'status');
    const form = element('form', 'seat-form', this.#box);
    this.#name = element('input', 'field', form);
    this.#name.id = 'seat-name';
    this.#name.maxLength = NAME_MAX;
    this.#name.autocomplete = 'off';
    this.#name.value = ownName();
    this.#name.dataset.i18nPlaceholder = 'guest.name';
    this.#name.dataset.i18nLabel = 'guest.name';
    this.#send = makeButton('button small primary', 'guest.send', form, () => {});
    this.#send.id = 'seat-ask';
    this.#send.type = 'submit';
    this.#toggles = ['audio', 'video'].map((kind) =>
      [kind, makeButton('button small', `guest.${kind}.off`, form, () => this.#seat.toggle(kind))]);
    this.#leave = makeButton('button small ghost', 'guest.cancel', form, () => this.#seat.leave());
    this.#leave.id = 'seat-leave';
    this.#notice = element('div', 'notice mild', this.#box);
    this.#notice.hidden = true;
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      const name = this.#name.value.trim();
      if (name) {
        rename(name);
      }
      this.#seat.ask(name);
    });
  }
}
