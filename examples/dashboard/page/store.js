// Holds the samples that the page has seen, by column, on the browser's clock.
"use strict";

const KEEP = 15 * 60 * 1000; // ms

class Store {
  constructor(columns) {
    this.times = []; // ms, browser's clock
    this.columns = Array.from({ length: columns }, () => []);
    this.epoch = null; // which life of the server the newest samples belong to
    this.newest = -1; // the server's time of the newest
  }

  // The server is in this life: after a restart its times begin anew.
  begin(epoch) {
    if (this.epoch !== null && epoch !== this.epoch) {
      this.newest = -1;
      this.gap();
    }
    this.epoch = epoch;
  }

  // Lines must not be drawn across a time without samples.
  gap() {
    const last = this.times.length - 1;
    if (last < 0) return;
    this.times.push(this.times[last] + 1);
    for (const column of this.columns) column.push(null);
  }

  // Whether samples are missing between the newest and one taken at `time`.
  misses(time, interval) {
    return this.newest < 0 || time - this.newest > 1.9 * interval;
  }

  // row: [server's ms, value, ...]; offset: the browser's clock minus the server's. Known rows are left out.
  add(row, offset, interval) {
    if (row[0] <= this.newest) return;
    const last = this.times.length - 1;
    let at = row[0] + offset;
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
