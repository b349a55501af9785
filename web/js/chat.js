// chat.js - the room's chat: a short list and an input.

import { bindLabel, bindText, t } from './i18n.js';

const LINES_MAX = 200;
const TEXT_MAX = 500;
const NEAR_END_PX = 40;

function element(tag, className, parent) {
  const made = document.createElement(tag);
  made.className = className;
  parent.append(made);
  return made;
}

export class Chat {
  #signaling;
  #list;
  #empty;
  #hint;

  constructor(box, signaling) {
    this.#signaling = signaling;
    bindText(element('h2', '', box), 'chat.title');
    this.#list = element('ol', 'chat-list', box);
    this.#list.setAttribute('role', 'log');
    this.#empty = element('p', 'chat-empty', box);
    bindText(this.#empty, 'chat.empty');
    this.#hint = element('p', 'hint', box);
    this.#hint.hidden = true;
    bindText(this.#hint, 'chat.offline');
    this.#makeForm(box);
    signaling.addEventListener('joined', () => this.#reset());
    this.#reset();
    signaling.addEventListener('chat', ({ detail }) => this.#add(detail));
  }

  #makeForm(box) {
    const form = element('form', 'chat-form', box);
    const input = element('input', 'field', form);
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
      this.#hint.hidden = sent;
      if (sent) {
        input.value = '';
      }
    });
  }

  #reset() {
    this.#list.replaceChildren();
    this.#empty.hidden = false;
    this.#hint.hidden = true;
    this.#signaling.chat.forEach((line) => this.#add(line));
  }

  #add({ from, name, text }) {
    const atEnd = this.#list.scrollHeight - this.#list.scrollTop - this.#list.clientHeight < NEAR_END_PX;
    this.#empty.hidden = true;
    const line = element('li', '', this.#list);
    const author = element('span', 'chat-name', line);
    const shown = name?.startsWith('#') ? `${t('chat.guest')} ${name.slice(1)}` : name || t('chat.guest');
    if (from === this.#signaling.you) {
      bindText(author, 'chat.you', { name: shown });
    } else {
      author.textContent = shown;
    }
    element('span', 'chat-text', line).textContent = text;
    while (this.#list.children.length > LINES_MAX) {
      this.#list.firstChild.remove();
    }
    if (atEnd) {
      this.#list.scrollTop = this.#list.scrollHeight;
    }
  }
}
