// host_desk.js - the host's side of the stage: who asks to join, who is on it, and their pictures and sound.

import { bindText, onLanguageChange } from './i18n.js';
import { explained, showNotice } from './notice.js';
import { personName } from './person_name.js';
import { Stage } from './stage.js';

const byId = (id) => document.getElementById(id);

function makeButton(className, key, run) {
  const made = document.createElement('button');
  made.type = 'button';
  made.className = className;
  bindText(made, key);
  made.addEventListener('click', run);
  return made;
}

/** Plays at full volume; where the browser keeps sound back until a tap, the next one brings it. */
function makeSound() {
  const adopted = new Set();
  addEventListener('click', () => adopted.forEach((media) => { media.muted = false; }));
  return {
    adopt(media) {
      adopted.forEach((each) => each.isConnected || adopted.delete(each));
      adopted.add(media);
    },
  };
}

export class HostDesk {
  #signaling;
  #stage;
  #list = { asking: [], seated: [], max: 0 };

  constructor(signaling) {
    this.#signaling = signaling;
    this.#stage = new Stage({ floor: byId('guests'), signaling, sound: makeSound() });
    const on = (type, listener) => signaling.addEventListener(type, ({ detail }) => listener(detail));
    on('guests', (list) => this.#update(list));
    on('joined', () => this.clear());
    on('streams', () => this.#show());
    on('error', ({ re, code }) => ['accept', 'decline'].includes(re) && this.#failed(code));
    onLanguageChange(() => this.#show());
    this.#show();
  }

  /** Nobody asks, nobody is there: until the server says otherwise. */
  clear() {
    this.#update({ asking: [], seated: [], max: 0 });
  }

  #update(list) {
    this.#list = list;
    showNotice(byId('desk-notice'), null);
    this.#show();
  }

  /** The list has changed meanwhile, unless the stage is full. */
  #failed(code) {
    if (code !== 'bad-message') {
      showNotice(byId('desk-notice'), code === 'full' ? 'guest-full' : explained(code));
    }
  }

  #send(type, to) {
    this.#signaling.send({ type, to });
  }

  #show() {
    const { asking, seated, max } = this.#list;
    byId('desk').hidden = asking.length + seated.length === 0;
    bindText(byId('desk-title'), 'desk.title', { count: seated.length, max });
    byId('asking').replaceChildren(...asking.map((guest) => this.#makeRow(guest, seated.length < max)));
    this.#stage.show(seated.map(({ stream }) => stream));
    seated.forEach(({ stream, from }) => this.#stage.tile(stream).offer({ key: 'desk.end', run: () => this.#send('decline', from) }));
  }

  #makeRow({ from, name }, room) {
    const row = document.createElement('li');
    const text = document.createElement('span');
    text.className = 'desk-name';
    bindText(text, 'desk.asks', { name: personName(name) });
    const accept = makeButton('button small primary', 'desk.accept', () => this.#send('accept', from));
    accept.disabled = !room;
    row.append(text, accept, makeButton('button small', 'desk.decline', () => this.#send('decline', from)));
    return row;
  }
}
