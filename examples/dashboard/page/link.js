// Keeps one WebSocket open: reconnects with back-off and jitter, and says what state the data is in.
"use strict";

const FIRST_RETRY = 500; // ms
const LAST_RETRY = 15000;
const CONNECT_TIMEOUT = 6000; // a board that is off gives no answer at all, and a browser waits a minute
const STALE_INTERVALS = 3; // missed messages
const STALE_AT_LEAST = 1000; // ms: less is ordinary Wi-Fi jitter
const DEAD_AFTER = 8000; // a phone that lost its network is never told: give such a socket up

class Link {
  // Calls back onMessage(object) and onChange(link). link.state: connecting, live, stale or offline.
  constructor(url, onMessage, onChange) {
    this.url = url;
    this.onMessage = onMessage;
    this.onChange = onChange;
    this.interval = 1000; // ms between messages, as the server says in its first one
    this.state = "connecting";
    this.failures = 0;
    this.lastMessage = 0; // time of the last message, 0 before the first
    this.retryAt = 0; // time of the next attempt, 0 while none is planned
    this.socket = null;
    this.startedAt = 0;
    this.everLive = false;
    setInterval(() => this.check(), 250);
    addEventListener("online", () => this.retry());
    addEventListener("pageshow", (event) => event.persisted && this.retry());
    addEventListener("pagehide", () => this.drop()); // frees one of the board's few connections at once
    document.addEventListener("visibilitychange", () => document.hidden || this.check());
    this.open();
  }

  open() {
    this.drop();
    this.retryAt = 0;
    this.startedAt = Date.now();
    this.heard = false;
    const socket = new WebSocket(this.url);
    this.socket = socket;
    socket.onmessage = (event) => {
      if (socket !== this.socket) return;
      this.heard = true;
      this.failures = 0;
      this.lastMessage = Date.now();
      this.onMessage(JSON.parse(event.data));
      this.set("live");
    };
    socket.onclose = () => socket === this.socket && this.lost();
  }

  drop() {
    const socket = this.socket;
    this.socket = null; // its late events are for nobody
    if (socket) socket.close();
  }

  lost() {
    this.drop();
    const wait = Math.min(LAST_RETRY, FIRST_RETRY * 2 ** this.failures);
    this.failures += 1;
    // Jitter, so that all the pages do not come back at once after a board has restarted.
    this.retryAt = Date.now() + wait * (0.5 + Math.random() / 2);
    this.set("offline");
  }

  retry() {
    if (this.socket && this.heard && this.state === "live") return;
    this.failures = 0;
    this.open();
    this.onChange(this);
  }

  check() {
    const now = Date.now();
    if (!this.socket) {
      if (this.retryAt && now >= this.retryAt) this.open();
    } else if (!this.heard) {
      if (now - this.startedAt > CONNECT_TIMEOUT) this.lost();
    } else {
      const silent = now - this.lastMessage;
      if (silent > DEAD_AFTER) this.lost();
      else if (silent > Math.max(STALE_AT_LEAST, STALE_INTERVALS * this.interval)) this.set("stale");
    }
    if (this.state !== "live") this.onChange(this); // the notice counts seconds
  }

  set(state) {
    if (state === this.state) return;
    this.state = state;
    this.onChange(this);
  }
}
