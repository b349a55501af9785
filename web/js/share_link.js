// share_link.js - the link that a broadcaster gives to viewers. Never with the stream key in it: who has that goes live.
//
// Where watching takes a key (`watch_key` of `joined`), the broadcaster may put the viewers' key in, and sees it first.

import { copyText } from './controls.js';
import { bindText } from './i18n.js';
import { roomPath } from './room_name.js';

const COPIED_MS = 2000;

const byId = (id) => document.getElementById(id);

export class ShareLink {
  #room;
  #stream;
  #streamKey;

  /** `streamKey` returns the key that must not go out. */
  constructor(room, stream, streamKey) {
    this.#room = room;
    this.#stream = stream;
    this.#streamKey = streamKey;
    byId('share-link').addEventListener('focus', () => byId('share-link').select());
    byId('copy-link').addEventListener('click', async () => {
      await copyText(byId('share-link').value);
      bindText(byId('copy-link'), 'live.share.copied');
      setTimeout(() => bindText(byId('copy-link'), 'live.share.copy'), COPIED_MS);
    });
    byId('watch-key').addEventListener('input', () => this.#show());
    this.#show();
  }

  /** Whether watching takes a key here. */
  set takesKey(takesKey) {
    byId('share-key').hidden = !takesKey;
    this.#show();
  }

  #show() {
    const key = byId('share-key').hidden ? '' : byId('watch-key').value.trim();
    const secret = key !== '' && key === this.#streamKey();
    const link = new URL(roomPath('watch', this.#room), location.origin);
    if (this.#stream !== 'main') {
      link.searchParams.set('stream', this.#stream);
    }
    if (key && !secret) {
      link.searchParams.set('token', key);
    }
    byId('share-link').value = link.href;
    byId('open-link').href = link.href;
    bindText(byId('share-note'), secret ? 'live.share.secret' : key ? 'live.share.withKey' : 'live.share.withoutKey');
  }
}
