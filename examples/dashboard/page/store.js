// Holds the samples that the page has seen, by column, on the browser's clock.
"use strict";

const KEEP = 15 * 60 * 1000; // ms
const JUMP = 1000; // ms by which time must go back before it means "another clock"

class Store {
  constructor(columns) {
    this.times = []; // ms, browser's clock
    this.columns = Array.from({ length: columns }, () => []);
    this.start = null; // which run of the server the newest samples belong to
    this.newest = -1; // its newest time
    this.offset = null; // browser's clock minus the server's
  }

  // A connection was made; `start` tells one run of the server from the next.
  begin(start) {
    if (this.start !== null && start !== this.start) this.restart();
    this.start = start;
  }

  restart() {
    this.newest = -1;
    this.offset = null;
    this.gap();
  }

  // Lines must not be drawn across a time without samples.
  gap() {
    const last = this.times.length - 1;
    if (last < 0) return;
    this.times.push(this.times[last] + 1);
    for (const column of this.columns) column.push(null);
  }

  // The newest time of a message as it arrives. The smallest difference seen has the least delay in it.
  sync(time, now) {
    if (time < this.newest - JUMP) this.restart();
    const offset = now - time;
    // Two clocks drift apart: let the estimate follow slowly upwards, too.
    this.offset = this.offset === null ? offset : Math.min(offset, this.offset + 1);
  }

  // row: [server's ms, value, ...]. Rows that are already known are left out.
  add(row, interval) {
    if (row[0] <= this.newest) return;
    const last = this.times.length - 1;
    let at = row[0] + this.offset;
    if (last >= 0) {
      if (this.newest >= 0 && row[0] - this.newest > 4 * interval) this.gap();
      at = Math.max(at, this.times[this.times.length - 1] + 1); // charts need rising times
    }
    this.newest = row[0];
    this.times.push(at);
    this.columns.forEach((column, index) => column.push(row[index + 1] ?? null));
  }

  trim(now) {
    // Rarely and much at once, rather than a little with every sample.
    if (!this.times.length || this.times[0] > now - KEEP * 1.1) return;
    const from = this.times.findIndex((time) => time >= now - KEEP);
    const cut = from < 0 ? this.times.length : from;
    this.times.splice(0, cut);
    for (const column of this.columns) column.splice(0, cut);
  }

  // Index of the first sample at or after `time`.
  since(time) {
    let low = 0;
    let high = this.times.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.times[middle] < time) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
