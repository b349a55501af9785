// chat.js - the room's chat: the last lines, an input, who came, and for the host what may be done about a line.
//
// Lines are text and nothing else. They are gathered and listed once a frame, so that a crowd that talks costs as much
// as its last LINES_MAX lines.

import { bindLabel, bindText, t } from './i18n.js';

const LINES_MAX = 200;
const TEXT_MAX = 500;
const NEAR_END_PX = 40;
const ARRIVAL_MS = 4000;
const REFUSALS = { 'too-fast': 'chat.tooFast', forbidden: 'chat.muted' };

function element(tag, className, parent) {
  const made = document.createElement(tag);
  made.className = className;
  parent.append(made);
  return made;
}

function shownName(name) {
  return name?.startsWith('#') ? `${t('chat.guest')} ${name.slice(1)}` : name || t('chat.guest');
}

export class Chat {
  #signaling;
  #hosts;
  #offline;
  #list;
  #empty;
  #hint;
  #arrival;
  #arrivalTimer = 0;
  #input;
  #sent = '';
  #fresh = [];
  #muted = new Set();

  /** `hosts`: whether this page's person may mute and kick; `offline`: the text for a line that could not be sent. */
  constructor(box, signaling, { hosts = false, offline = 'chat.offline' } = {}) {
    this.#signaling = signaling;
    this.#hosts = hosts;
    this.#offline = offline;
    bindText(element('h2', '', box), 'chat.title');
    this.#list = element('ol', 'chat-list', box);
    this.#list.setAttribute('role', 'log');
    this.#empty = element('p', 'chat-empty', box);
    bindText(this.#empty, 'chat.empty');
    this.#arrival = element('p', 'chat-arrival', box);
    this.#hint = element('p', 'hint', box);
    this.#hint.hidden = true;
    this.#makeForm(box);
    this.#follow();
    this.#reset();
  }

  #follow() {
    const on = (type, listener) => this.#signaling.addEventListener(type, ({ detail }) => listener(detail));
    on('joined', () => this.#reset());
    on('chat', (line) => this.#add(line));
    on('presence', (presence) => this.#showArrival(presence));
    on('muted', (muted) => this.#showMuted(muted));
    on('kicked', (kicked) => this.#showKicked(kicked));
    on('error', (error) => this.#showRefusal(error));
  }

  #makeForm(box) {
    const form = element('form', 'chat-form', box);
    const input = element('input', 'field', form);
    this.#input = input;
    input.id = 'chat-input';
    input.maxLength = TEXT_MAX;
    input.autocomplete = 'off';
    input.enterKeyHint = 'send';
    input.dataset.i18nPlaceholder = 'chat.placeholder';
    bindLabel(input, 'chat.placeholder');
    const send = element('button', 'button', form);
    send.id = 'chat-send';
    bindText(send, 'chat.send');
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      const text = input.value.trim();
      if (!text) {
        return;
      }
      const sent = this.#signaling.joined && this.#signaling.send({ type: 'chat', text });
      this.#showHint(sent ? null : this.#offline);
      if (sent) {
        this.#sent = text;
        input.value = '';
      }
    });
  }

  #showHint(key, values) {
    this.#hint.hidden = key === null;
    if (key) {
      bindText(this.#hint, key, values);
    }
  }

  /** A line that was refused comes back into the input. */
  #showRefusal({ re, code }) {
    if (re === 'chat' && REFUSALS[code]) {
      this.#showHint(REFUSALS[code]);
      this.#input.value ||= this.#sent;
    } else if ((re === 'mute' || re === 'kick') && this.#hosts) {
      this.#showHint(code === 'forbidden' ? 'chat.notHost' : 'chat.gone');
    }
  }

  #showArrival({ name, here }) {
    if (here) {
      bindText(this.#arrival, 'chat.arrived', { name: shownName(name) });
      clearTimeout(this.#arrivalTimer);
      this.#arrivalTimer = setTimeout(() => {
        delete this.#arrival.dataset.i18n;
        this.#arrival.textContent = '';
      }, ARRIVAL_MS);
    }
  }

  #reset() {
    this.#list.replaceChildren();
    this.#fresh = [];
    this.#empty.hidden = false;
    this.#hint.hidden = true;
    this.#signaling.chat.forEach((line) => this.#add(line));
  }

  #add(line) {
    if (this.#fresh.length === 0) {
      // A hidden page has no frames.
      (document.hidden ? setTimeout : requestAnimationFrame)(() => this.#listFresh());
    }
    this.#fresh.push(line);
    if (this.#fresh.length > LINES_MAX) {
      this.#fresh.shift();
    }
  }

  #listFresh() {
    const lines = this.#fresh;
    if (lines.length === 0) {
      return;
    }
    this.#fresh = [];
    const atEnd = this.#list.scrollHeight - this.#list.scrollTop - this.#list.clientHeight < NEAR_END_PX;
    const fragment = document.createDocumentFragment();
    lines.forEach((line) => this.#makeLine(line, fragment));
    this.#empty.hidden = true;
    this.#list.append(fragment);
    for (let excess = this.#list.children.length - LINES_MAX; excess > 0; excess--) {
      this.#list.firstChild.remove();
    }
    if (atEnd) {
      this.#list.scrollTop = this.#list.scrollHeight;
    }
  }

  #makeLine({ from, name, text }, parent) {
    const line = element('li', '', parent);
    line.dataset.from = from;
    const author = element('span', 'chat-name', line);
    const own = from === this.#signaling.you;
    if (own) {
      bindText(author, 'chat.you', { name: shownName(name) });
    } else {
      author.textContent = shownName(name);
    }
    element('span', 'chat-text', line).textContent = text;
    if (this.#hosts && !own) {
      this.#makeTools(line, from);
    }
  }

  #makeTools(line, from) {
    const tools = element('span', 'chat-tools', line);
    const mute = element('button', 'chat-tool chat-mute', tools);
    mute.type = 'button';
    bindText(mute, this.#muted.has(from) ? 'chat.unmute' : 'chat.mute');
    mute.addEventListener('click', () => this.#signaling.send({ type: 'mute', from, off: this.#muted.has(from) }));
    const kick = element('button', 'chat-tool chat-kick', tools);
    kick.type = 'button';
    bindText(kick, 'chat.kick');
    // Asked twice: there is no way back for a while.
    kick.addEventListener('click', () => {
      if (kick.dataset.sure === undefined) {
        kick.dataset.sure = '';
        bindText(kick, 'chat.kick.sure');
      } else {
        this.#signaling.send({ type: 'kick', from });
      }
    });
  }

  #linesOf(from) {
    return [...this.#list.children].filter((line) => line.dataset.from === from);
  }

  #showMuted({ from, muted }) {
    if (from === this.#signaling.you) {
      this.#showHint(muted ? 'chat.muted' : null);
      return;
    }
    this.#muted[muted ? 'add' : 'delete'](from);
    this.#linesOf(from).forEach((line) => {
      line.classList.toggle('muted', muted);
      bindText(line.querySelector('.chat-mute'), muted ? 'chat.unmute' : 'chat.mute');
    });
  }

  #showKicked({ from }) {
    this.#linesOf(from).forEach((line) => line.remove());
    this.#showHint('chat.kicked');
  }
}
