// signaling.js - one room over the server's WebSocket: joins, comes back after a loss, and keeps the list of streams.
//
// Events (CustomEvent, `detail` in brackets):
//   joining                      the socket is open and `join` is sent; offers may follow at once
//   joined {message, resumed, moved}  in the room; `resumed` if the server still knows this client, `moved` if this is
//                                another server, and the one that drains still serves our media
//   refused {code, message}      the room cannot be joined
//   lost {retryMs}               no socket; the next try comes in retryMs
//   streams, viewers             `streams` or `viewers` of this object changed
//   and every message of the server under its own type: stream-added, stream-changed, stream-removed, candidate,
//   chat (also those that came together), likes, presence, muted, kicked, bye, reconnect, error.

import { Backoff } from './backoff.js';

const PING_EVERY_MS = 15000;
const SILENCE_MS = 25000;
const ANSWER_WITHIN_MS = 10000;
const RETRYABLE_REFUSALS = new Set(['full', 'too-fast', 'busy']);
const REFUSED_RETRY_MS = 5000;
const FOLLOW_WITHIN_MS = 1000;
const CHAT_KEPT = 200;
// Events that are sent only to who asks for them.
const WANTS = ['chats', 'likes', 'presence'];
const ANSWER_TO = { join: 'joined', offer: 'answer', bye: 'bye' };

/** An `error` of the server, or one of ours: 'lost' (the socket went away), 'timeout' (no answer). */
export class SignalingError extends Error {
  constructor(code, message = code) {
    super(message);
    this.name = 'SignalingError';
    this.code = code;
  }
}

function defaultUrl() {
  return `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/ws`;
}

export class Signaling extends EventTarget {
  /** Streams of the room by name, as the server describes them. */
  streams = new Map();
  viewers = 0;
  iceServers = [];
  /** The last lines: those before we came, and since. */
  chat = [];
  /** Of the room, all in all. */
  likes = 0;
  /** What the server gave to come back with; may be set before start(). */
  resume = null;
  /** The server that we are or were with drains: what it serves us goes on until we are with another. */
  moving = false;

  #room;
  #identity;
  #url = defaultUrl();
  #socket = null;
  #you = null;
  #joined = false;
  #running = false;
  #pending = new Map();
  #backoff = new Backoff({ firstMs: 400, maxMs: 5000 });
  #retryTimer = 0;
  #pingTimer = 0;
  #moveTimer = 0;
  #heardAt = 0;

  /** `identity` returns {name, token}, either may be missing, at each join. */
  constructor({ room, identity = () => ({}) }) {
    super();
    this.#room = room;
    this.#identity = identity;
    addEventListener('online', () => this.retryNow());
    document.addEventListener('visibilitychange', () => document.hidden || this.retryNow());
  }

  get joined() {
    return this.#joined;
  }

  /** This client's own id in the room, or null. */
  get you() {
    return this.#you;
  }

  start() {
    if (!this.#running) {
      this.#running = true;
      this.#connect();
    }
  }

  /** Connects at once where a later try is planned. */
  retryNow() {
    if (this.#running && this.#retryTimer) {
      this.#connect();
    }
  }

  /** Leaves the room for good. */
  stop() {
    this.send({ type: 'leave' });
    this.#running = false;
    this.resume = null;
    this.#you = null;
    clearTimeout(this.#retryTimer);
    this.#dropSocket();
  }

  /** Sends a message if there is a socket; returns whether it was sent. */
  send(message) {
    if (this.#socket?.readyState !== WebSocket.OPEN) {
      return false;
    }
    this.#socket.send(JSON.stringify(message));
    return true;
  }

  /** Sends a message and resolves with its answer; rejects with a SignalingError. */
  request(message) {
    const key = pendingKey(message.type, message.id);
    this.#settle(key, new SignalingError('superseded'));
    return new Promise((resolve, reject) => {
      if (!this.send(message)) {
        reject(new SignalingError('lost'));
        return;
      }
      const timer = setTimeout(() => this.#settle(key, new SignalingError('timeout')), ANSWER_WITHIN_MS);
      this.#pending.set(key, { resolve, reject, timer });
    });
  }

  #emit(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }

  #connect() {
    clearTimeout(this.#retryTimer);
    this.#retryTimer = 0;
    let socket;
    try {
      socket = new WebSocket(this.#url);
    } catch {
      this.#url = defaultUrl();
      this.#scheduleRetry(this.#backoff.next());
      return;
    }
    this.#socket = socket;
    this.#heardAt = performance.now();
    socket.addEventListener('open', () => this.#join());
    socket.addEventListener('message', (event) => this.#receive(event.data));
    socket.addEventListener('close', () => {
      if (this.#socket === socket) {
        this.#url = defaultUrl();
        this.#lose(this.#backoff.next());
      }
    });
    clearInterval(this.#pingTimer);
    this.#pingTimer = setInterval(() => this.#watchSilence(), PING_EVERY_MS);
  }

  async #join() {
    const message = { type: 'join', room: this.#room, wants: WANTS, ...this.#identity() };
    if (this.resume) {
      message.resume = this.resume;
    }
    const answer = this.request(message);
    this.#emit('joining');
    try {
      this.#enter(await answer);
    } catch (error) {
      this.#refuse(error);
    }
  }

  #enter(message) {
    const resumed = this.#you !== null && this.#you === message.you;
    this.#backoff.reset();
    this.#joined = true;
    this.#you = message.you;
    this.resume = message.resume ?? null;
    this.iceServers = message.iceServers ?? [];
    this.chat = [...(message.chat ?? [])];
    this.likes = message.likes ?? 0;
    this.viewers = message.viewers ?? 0;
    this.streams = new Map((message.streams ?? []).map((stream) => [stream.stream, stream]));
    this.#emit('joined', { message, resumed, moved: this.moving && !resumed });
    this.moving &&= resumed;
    this.#emit('streams');
    this.#emit('viewers');
  }

  #refuse(error) {
    if (error.code === 'lost' || error.code === 'superseded') {
      return;
    }
    if (error.code === 'timeout') {
      this.#lose(this.#backoff.next());
      return;
    }
    this.#emit('refused', { code: error.code, message: error.message });
    this.resume = null;
    if (RETRYABLE_REFUSALS.has(error.code)) {
      this.#lose(REFUSED_RETRY_MS + this.#backoff.next());
    } else {
      this.#running = false;
      this.#dropSocket();
    }
  }

  #receive(text) {
    this.#heardAt = performance.now();
    let message;
    try {
      message = JSON.parse(text);
    } catch {
      return;
    }
    if (!message || typeof message.type !== 'string') {
      return;
    }
    if (message.type === 'error') {
      const error = new SignalingError(message.code, message.message);
      if (this.#settle(pendingKey(message.re, message.id), error)) {
        return;
      }
      if (message.re === 'join') {
        // Unasked: the host removed us.
        this.#refuse(new SignalingError('kicked', message.message));
        return;
      }
    } else if (this.#answer(message)) {
      return;
    }
    if (message.type === 'chats') {
      message.lines?.forEach((line) => this.#hear(line));
      return;
    }
    if (message.type === 'chat') {
      this.#hear(message);
      return;
    }
    this.#track(message);
    this.#emit(message.type, message);
  }

  #hear(line) {
    this.chat.push(line);
    if (this.chat.length > CHAT_KEPT) {
      this.chat.shift();
    }
    this.#emit('chat', line);
  }

  #answer(message) {
    const request = Object.keys(ANSWER_TO).find((type) => ANSWER_TO[type] === message.type);
    return request !== undefined && this.#settle(pendingKey(request, message.id), message);
  }

  #settle(key, result) {
    const waiting = this.#pending.get(key);
    if (!waiting) {
      return false;
    }
    this.#pending.delete(key);
    clearTimeout(waiting.timer);
    if (result instanceof Error) {
      waiting.reject(result);
    } else {
      waiting.resolve(result);
    }
    return true;
  }

  #track(message) {
    if (message.type === 'stream-added' || message.type === 'stream-changed') {
      this.streams.set(message.stream, message);
      this.#emit('streams');
    } else if (message.type === 'stream-removed') {
      this.streams.delete(message.stream);
      this.#emit('streams');
    } else if (message.type === 'viewers') {
      this.viewers = message.count;
    } else if (message.type === 'likes') {
      this.likes = message.total ?? this.likes;
    }
    if (message.type === 'stream-changed' && !message.live && this.moving) {
      // The broadcaster has moved already: follow soon, but not all at once.
      this.#leaveAfter(Math.random() * FOLLOW_WITHIN_MS);
    }
    if (message.type === 'reconnect') {
      this.#move(message);
    }
  }

  /**
   * The server drains: go after the time it names, perhaps elsewhere. The media goes on meanwhile, and so does this
   * socket, unless it asked to join: then it has nothing to stay for.
   */
  #move({ after_ms: afterMs = 0, url }) {
    if (typeof url === 'string' && /^wss?:/.test(url)) {
      this.#url = url;
    }
    this.moving = true;
    if (this.#joined) {
      this.#leaveAfter(afterMs);
    } else {
      this.#lose(afterMs);
    }
  }

  #leaveAfter(ms) {
    clearTimeout(this.#moveTimer);
    this.#moveTimer = setTimeout(() => this.#joined && this.#lose(0), ms);
  }

  #lose(retryMs) {
    this.#dropSocket();
    if (this.#running) {
      this.#scheduleRetry(retryMs);
    }
  }

  #dropSocket() {
    const socket = this.#socket;
    clearTimeout(this.#moveTimer);
    this.#socket = null;
    this.#joined = false;
    clearInterval(this.#pingTimer);
    socket?.close();
    [...this.#pending.keys()].forEach((key) => this.#settle(key, new SignalingError('lost')));
  }

  #scheduleRetry(retryMs) {
    clearTimeout(this.#retryTimer);
    this.#retryTimer = setTimeout(() => this.#connect(), retryMs);
    this.#emit('lost', { retryMs });
  }

  #watchSilence() {
    if (performance.now() - this.#heardAt > SILENCE_MS) {
      this.#lose(this.#backoff.next());
    } else {
      this.send({ type: 'ping' });
    }
  }
}

function pendingKey(type, id) {
  return type === 'join' ? 'join' : `${type} ${id}`;
}
