// The page: tiles with the current values, charts with their history, and what the link says.
"use strict";

const WINDOWS = [["1 min", 60], ["5 min", 300], ["15 min", 900]];
const MAX_LINES = 4; // colours that style sheets define
const STATE_NAMES = {
  connecting: "Connecting",
  live: "Live",
  stale: "Stale",
  offline: "Offline",
  stopped: "Stopped",
  refused: "Refused",
};
const STALE_INTERVALS = 3; // missed messages
const STALE_AT_LEAST = 1000; // ms: less is ordinary Wi-Fi jitter
const HISTORY_TIMEOUT = 5000; // ms

const $ = (id) => document.getElementById(id);
const element = (tag, name, text) => {
  const made = document.createElement(tag);
  if (name) made.className = name;
  if (text !== undefined) made.textContent = text;
  return made;
};

let series = [];
let described = ""; // the series' description that the page is built for
let store = new Store(0);
let tiles = [];
let charts = [];
let seconds = WINDOWS[0][1];
let drawing = false;
let link = null; // viper.js
let interval = 1000; // ms between samples, as the server says
let lastRow = null; // the newest row's time on the server's clock
let pending = null; // rows that wait for older ones, which are on their way

function show(value, one) {
  return value === null || value === undefined ? "–" : value.toFixed(one.digits);
}

function build(description) {
  series = description;
  store = new Store(series.length);
  $("empty").hidden = true;
  $("tiles").replaceChildren();
  tiles = series.map((one) => {
    const tile = element("article", "tile");
    const line = element("p", "value");
    const value = element("span", "number", "–");
    line.append(value, element("span", "unit", one.unit));
    const range = element("span");
    const foot = element("p", "range");
    foot.append(range);
    const whole = one.min === 0 && one.max !== null && one.unit !== "%";
    if (whole) foot.append(element("span", "", `of ${one.max}`));
    tile.append(element("h3", "", one.label), line);
    let meter = null;
    if (one.min !== null && one.max !== null) {
      meter = element("div", "meter");
      meter.append(element("i"));
      tile.append(meter);
    }
    tile.append(foot);
    $("tiles").append(tile);
    return { one, value, range, meter };
  });
  buildCharts();
}

function groups() {
  const found = new Map();
  series.forEach((one, index) => {
    const members = found.get(one.group) || [];
    if (members.length < MAX_LINES) members.push(index);
    found.set(one.group, members);
  });
  return found;
}

function buildCharts() {
  charts.forEach((chart) => chart.drawn.destroy());
  $("charts").replaceChildren();
  charts = [...groups()].map(([title, members]) => {
    const card = element("article", "card");
    const head = element("div", "head");
    const unit = series[members[0]].unit;
    const name = element("h3", "", title);
    if (unit) name.append(element("span", "unit", unit));
    const legend = element("p", "legend");
    const marks = members.map((index, order) => {
      const mark = element("span", members.length > 1 ? "mark" : "mark alone");
      mark.style.setProperty("--mark", `var(--line${order + 1})`);
      const value = element("b", "", "");
      mark.append(members.length > 1 ? series[index].label + " " : "", value);
      legend.append(mark);
      return value;
    });
    head.append(name, legend);
    const host = element("div", "plot");
    host.setAttribute("role", "img");
    host.setAttribute("aria-label", `${title}, line chart of the last minutes; the current value is in the tile above`);
    card.append(head, host);
    $("charts").append(card);
    const chart = { members, marks, host, from: 0 };
    chart.cursor = (index) => {
      const at = index == null ? null : store.times[chart.from + index];
      members.forEach((member, order) => {
        const value = at == null ? null : store.columns[member][chart.from + index];
        marks[order].textContent = at == null || value == null ? "" : show(value, series[member]);
      });
    };
    chart.drawn = createChart(host, members.map((index) => series[index]), chart.cursor);
    return chart;
  });
  draw();
}

function draw() {
  drawing = false;
  const length = store.times.length;
  if (!length) return;
  // What is shown ends at the newest sample: while nothing comes, the charts stand still.
  const to = store.times[length - 1];
  const from = store.since(to - seconds * 1000);
  const before = Math.max(0, from - 1); // one more, so that the line starts at the edge
  const times = store.times.slice(before);
  const columns = store.columns.map((column) => column.slice(before));
  for (const chart of charts) {
    chart.from = before;
    chart.drawn.draw(times, chart.members.map((index) => columns[index]), to - seconds * 1000, to);
  }
  tiles.forEach((tile, index) => {
    const seen = columns[index].filter((value) => value !== null);
    const value = columns[index][columns[index].length - 1];
    tile.value.textContent = show(value, tile.one);
    // Not Math.min(...seen): a quarter of an hour is more arguments than every browser takes.
    const low = seen.reduce((a, b) => Math.min(a, b), Infinity);
    const high = seen.reduce((a, b) => Math.max(a, b), -Infinity);
    tile.range.textContent = seen.length ? `↓${show(low, tile.one)} ↑${show(high, tile.one)}` : "no reading";
    tile.range.title = "lowest and highest in the time shown";
    if (tile.meter) {
      const share = value === null ? 0 : (value - tile.one.min) / (tile.one.max - tile.one.min);
      tile.meter.style.setProperty("--share", `${Math.max(0, Math.min(1, share)) * 100}%`);
    }
  });
}

// At most one drawing per frame, and none in a page that nobody sees.
function drawSoon() {
  if (drawing) return;
  drawing = true;
  requestAnimationFrame(draw);
}

// ---- what comes over the link ----

function greet(about) {
  $("name").textContent = document.title = about.name;
  $("runtime").textContent = about.runtime;
  $("origin").textContent = about.name;
  interval = about.interval;
  handlers.stale = Math.max(STALE_AT_LEAST, STALE_INTERVALS * interval);
  const description = JSON.stringify(about.series);
  if (description !== described) {
    described = description;
    build(about.series);
    pending = null;
  }
}

function take(row) {
  row[0] = unwrap(row[0]);
  lastRow = row[0];
  if (pending) pending.push(row);
  else if (store.misses(row[0], interval)) fill(row);
  else keep([row]);
}

// Times come modulo 2 ** 32 ms, which is 49 days.
function unwrap(time) {
  const now = Math.round(Date.now() - link.offset);
  return now - ((now - time) | 0);
}

function keep(rows) {
  for (const row of rows) store.add(row, link.offset, interval);
  store.trim(Date.now());
  drawSoon();
}

// What is missing before this row: a new page wants the last minute, one that was away what it has not seen.
async function fill(row) {
  const waiting = (pending = [row]);
  let rows = [];
  try {
    const since = store.newest < 0 ? "" : `?since=${store.newest >>> 0}`;
    const answer = await fetch("/history" + since, { signal: AbortSignal.timeout(HISTORY_TIMEOUT) });
    if (answer.ok) rows = await answer.json();
  } catch {
    // then the lines have a gap
  }
  if (waiting !== pending) return; // meanwhile the server has begun a new life
  pending = null;
  for (const one of rows) one[0] = unwrap(one[0]);
  keep([...rows, ...waiting]);
}

const handlers = {
  stale: STALE_AT_LEAST,
  state: tell,
  message(data, { key }) {
    if (key === "about") greet(data);
    else if (key === "row") take(data);
  },
  reset({ values, epoch }) {
    const found = Object.fromEntries(values);
    if (found.about) greet(found.about);
    if (store.epoch !== epoch) pending = null;
    store.begin(epoch);
    if (found.row) take(found.row);
  },
};

function ago(milliseconds) {
  const whole = Math.max(0, Math.round(milliseconds / 1000));
  return whole < 90 ? `${whole} s` : `${Math.round(whole / 60)} min`;
}

function clockOf(milliseconds) {
  const seconds = Math.floor(milliseconds / 1000);
  const two = (number) => String(number).padStart(2, "0");
  const hours = Math.floor(seconds / 3600);
  return `${hours}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
}

function tell() {
  const state = link.state;
  document.body.dataset.state = state;
  if ($("state").textContent !== STATE_NAMES[state]) $("state").textContent = STATE_NAMES[state];
  $("notice").hidden = state === "live" || state === "connecting";
  $("retry").hidden = state === "stale";
  const old = lastRow === null ? "The device has not answered yet. " : `Last values are from ${clockText(lastRow + link.offset)}. `;
  const left = link.retryAt - Date.now();
  const notices = {
    stale: ["Data is stale.", `Nothing new for ${ago(age())}; the values below are old.`],
    offline: ["Connection lost.", old + (left > 0 ? `Trying again in ${ago(left)}.` : "Trying again…")],
    stopped: ["The device has ended the stream.", old],
    refused: ["The device does not let this page in.", old],
  };
  if (notices[state]) [$("notice-title").textContent, $("notice-text").textContent] = notices[state];
  tellTime();
}

const age = () => (lastRow === null ? 0 : link.age(lastRow));

// How old the newest value is, and what the device's clock says: both by the offset that viper.js has found.
function tellTime() {
  if (lastRow === null || !(link.rtt < Infinity)) return;
  const whole = Math.max(0, Math.round(age()));
  $("age").textContent = whole < 10000 ? `${whole} ms` : ago(whole);
  $("clock").textContent = clockOf(Date.now() - link.offset);
  $("error").textContent = `±${Math.max(1, Math.ceil(link.rtt / 2))} ms`;
  $("offset").textContent = `started at ${clockText(link.offset)}`;
  $("over").textContent = link.transport === "sse" ? "server-sent events" : "one WebSocket";
  $("facts").hidden = false;
}

function buildWindows() {
  for (const [label, length] of WINDOWS) {
    const button = element("button", "", label);
    button.type = "button";
    button.setAttribute("aria-pressed", String(length === seconds));
    button.onclick = () => {
      seconds = length;
      for (const other of $("windows").children) other.setAttribute("aria-pressed", String(other === button));
      draw();
    };
    $("windows").append(button);
  }
}

buildWindows();
setInterval(() => link && tell(), 250); // the notice and the age count
$("retry").onclick = () => (link ? link.retry() : location.reload());
import("/viper.js").then(
  ({ connect }) => {
    link = connect("/live", handlers);
  },
  () => {
    document.body.dataset.state = "offline";
    $("state").textContent = STATE_NAMES.offline;
    $("notice").hidden = false;
    $("notice-title").textContent = "The device did not answer.";
  },
);
new ResizeObserver(() => {
  charts.forEach((chart) => chart.drawn.resize());
  drawSoon();
}).observe($("charts"));
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", buildCharts);
document.addEventListener("visibilitychange", () => document.hidden || drawSoon());
