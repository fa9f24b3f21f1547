// The page: tiles with the current values, charts with their history, and what the link says.
"use strict";

const WINDOWS = [["1 min", 60], ["5 min", 300], ["15 min", 900]];
const MAX_LINES = 4; // colours that style sheets define
const STATE_NAMES = { connecting: "Connecting", live: "Live", stale: "Stale", offline: "Offline" };

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

function receive(message) {
  const now = Date.now();
  if (Array.isArray(message)) {
    store.sync(message[0], now);
    store.add(message, link.interval);
    store.trim(now);
  } else if (message.type === "hello") {
    link.interval = message.interval;
    greet(message);
  } else if (message.type === "history") {
    for (const row of message.rows) store.add(row, link.interval);
  }
  drawSoon();
}

function greet(message) {
  $("name").textContent = document.title = message.name;
  $("runtime").textContent = message.runtime;
  $("origin").textContent = message.name;
  const description = JSON.stringify(message.series);
  if (description !== described) {
    described = description;
    build(message.series);
  }
  store.begin(message.start);
  store.sync(message.time, Date.now());
}

function ago(milliseconds) {
  const whole = Math.max(0, Math.round(milliseconds / 1000));
  return whole < 90 ? `${whole} s` : `${Math.round(whole / 60)} min`;
}

function tell(changed) {
  const { state, lastMessage, retryAt } = changed;
  document.body.dataset.state = state;
  if ($("state").textContent !== STATE_NAMES[state]) $("state").textContent = STATE_NAMES[state];
  $("notice").hidden = state === "live" || (state === "connecting" && !lastMessage);
  if (state === "stale") {
    $("notice-title").textContent = "Data is stale.";
    $("notice-text").textContent = `Nothing new for ${ago(Date.now() - lastMessage)}; the values below are old.`;
  } else if (state === "offline") {
    $("notice-title").textContent = "Connection lost.";
    const last = lastMessage ? `Last values are from ${clockText(lastMessage)}. ` : "The device has not answered yet. ";
    const left = retryAt - Date.now();
    $("notice-text").textContent = last + (left > 0 ? `Trying again in ${ago(left)}.` : "Trying again…");
  }
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
const scheme = location.protocol === "https:" ? "wss:" : "ws:";
const link = new Link(`${scheme}//${location.host}/live`, receive, tell);
$("retry").onclick = () => link.retry();
new ResizeObserver(() => {
  charts.forEach((chart) => chart.drawn.resize());
  drawSoon();
}).observe($("charts"));
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", buildCharts);
document.addEventListener("visibilitychange", () => document.hidden || drawSoon());
