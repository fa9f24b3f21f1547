"use strict";
// A list of what happened, newest last: {node, add(kind, text, note), clear(), counts}.
const LOG_LINES = 500;

function makeLog(empty) {
  const list = el("ol.log", { role: "log", "aria-live": "off", tabindex: "0", "data-empty": empty });
  const counts = el("span.facts");
  const clearing = el("button.quiet", { type: "button", onclick: clear }, "Clear");
  const totals = { in: 0, out: 0 };
  let waiting = [];
  let frame = 0;

  // One update of the page per frame, however fast the messages come.
  function add(kind, text, note) {
    if (kind in totals) totals[kind] += 1;
    waiting.push([new Date(), kind, text, note]);
    if (waiting.length > LOG_LINES) waiting.shift();
    if (!frame) frame = setTimeout(show, 16);
  }

  function show() {
    frame = 0;
    const follow = list.scrollHeight - list.scrollTop - list.clientHeight < 40;
    for (const [when, kind, text, note] of waiting) {
      const clock = when.toTimeString().slice(0, 8) + "." + String(when.getMilliseconds()).padStart(3, "0");
      const arrow = { in: "↓", out: "↑", bad: "×" }[kind] || "·";
      const said = el("p", null, note ? el("em", null, note + " ") : null, text);
      const label = { in: "received", out: "sent" }[kind] || "note";
      list.append(el("li." + kind, null, el("time", null, clock), el("b", { role: "img", "aria-label": label }, arrow), said));
    }
    waiting = [];
    while (list.children.length > LOG_LINES) list.firstChild.remove();
    if (follow) list.scrollTop = list.scrollHeight;
    counts.textContent = totals.in + totals.out ? `${totals.in} received` + (totals.out ? `, ${totals.out} sent` : "") : "";
  }

  function clear() {
    waiting = [];
    totals.in = totals.out = 0;
    list.replaceChildren();
    counts.textContent = "";
  }
  return { node: list, add, clear, bar: el("div.row", null, counts, el("span.grow"), clearing) };
}
