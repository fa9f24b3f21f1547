"use strict";
// Sends a request and shows the answer; an answer that is an event stream is followed live.
const SHOWN = 65536;
const BODY_TYPES = ["application/json", "text/plain", "application/x-www-form-urlencoded"];

function httpPanel(route, mark) {
  const parameters = form(route, "http", aim);
  const target = el("code.target");
  const takesBody = ["POST", "PUT", "PATCH"].includes(route.method) || route.body;
  const types = Object.keys((route.body && route.body.content) || {});
  const type = el("select", { "aria-label": "Content type" }, ...[...new Set([...types, ...BODY_TYPES])].map((name) => el("option", null, name)));
  const body = el("textarea", { rows: 5, spellcheck: "false", placeholder: "Nothing is sent" });
  const sending = el("button.main", { type: "submit" }, route.events ? "Open stream" : "Send");
  const stopping = el("button", { type: "button", onclick: stop, hidden: true }, "Stop");
  const state = el("span.state", { role: "status" });
  const facts = el("span.facts");
  const result = el("div.card", { hidden: true });
  let controller = null;

  function aim() {
    target.textContent = route.method + " " + parameters.address();
  }

  function stop() {
    if (controller) controller.abort();
  }

  function busy(on) {
    sending.disabled = on;
    stopping.hidden = !on;
    mark(on);
  }

  async function send(event) {
    event.preventDefault();
    const url = parameters.url();
    if (!url) return;
    const mine = (controller = new AbortController());
    const began = performance.now();
    busy(true);
    result.hidden = false;
    stateOf(state, "wait", "Waiting");
    facts.textContent = "";
    result.replaceChildren(el("div.row", null, state, facts));
    try {
      const options = { method: route.method, signal: mine.signal, cache: "no-store" };
      if (takesBody && body.value) {
        options.body = body.value;
        options.headers = { "Content-Type": type.value };
      }
      const response = await fetch(url, options);
      const took = Math.round(performance.now() - began);
      stateOf(state, response.ok ? "good" : "bad", `${response.status} ${response.statusText}`.trim());
      facts.textContent = `${took} ms`;
      const headers = [...response.headers].map(([name, value]) => `${name}: ${value}`).join("\n");
      result.append(el("details", null, el("summary", null, "Response headers"), el("pre.out", null, headers)));
      const media = response.headers.get("content-type") || "";
      if (media.startsWith("text/event-stream")) await follow(response);
      else await showBody(response, media, took);
    } catch (error) {
      if (mine.signal.aborted) stateOf(state, "", "Stopped");
      else {
        stateOf(state, "bad", "No answer");
        result.append(el("p.more", null, "The server did not answer, or the connection broke: " + error.message));
      }
    }
    if (controller === mine) busy(false);
  }

  async function showBody(response, media, took) {
    const data = new Uint8Array(await response.arrayBuffer());
    facts.textContent = [`${took} ms`, bytes(data.length), media.split(";")[0]].filter(Boolean).join(" · ");
    if (!data.length) return;
    let text = null;
    try {
      text = new TextDecoder("utf-8", { fatal: true }).decode(data.length > SHOWN ? data.subarray(0, SHOWN) : data);
      if (media.includes("json")) text = JSON.stringify(JSON.parse(text), null, 2);
    } catch (_) {
      if (text === null) text = hex(data, 1024);
    }
    result.append(el("pre.out", { tabindex: "0" }, text));
    if (data.length > SHOWN) result.append(el("p.more", null, "Only the beginning is shown."));
  }

  // The stream format of WHATWG HTML section 9.2.6, with comments shown too.
  async function follow(response) {
    const log = makeLog("No event yet.");
    result.append(log.node, log.bar);
    const reader = response.body.getReader();
    const decoder = new TextDecoder();
    let text = "";
    let fields = [];
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      text += decoder.decode(value, { stream: true });
      // A CR at the end may be half of a CRLF.
      const whole = text.endsWith("\r") ? text.slice(0, -1) : text;
      const lines = whole.split(/\r\n|\r|\n/);
      text = lines.pop() + text.slice(whole.length);
      for (const line of lines) {
        if (line) fields.push(line);
        else {
          if (fields.length) showEvent(log, fields);
          fields = [];
        }
      }
    }
    log.add("info", "The server ended the stream.");
    stateOf(state, "", "Ended");
  }

  function showEvent(log, lines) {
    const data = [];
    const notes = [];
    for (const line of lines) {
      const at = line.indexOf(":");
      const name = at < 0 ? line : line.slice(0, at);
      const value = at < 0 ? "" : line.slice(at + 1).replace(/^ /, "");
      if (name === "data") data.push(value);
      else if (name === "event") notes.unshift(value);
      else if (name) notes.push(`${name} ${value}`);
      else notes.push(value ? `comment: ${value}` : "heartbeat");
    }
    log.add(data.length ? "in" : "info", data.join("\n"), notes.join(" · "));
  }

  aim();
  return el("form.panel", { onsubmit: send, novalidate: true },
    el("div.card", null,
      parameters.node,
      takesBody ? el("label.field", null, el("div", null, "Body"), type, body) : null,
      target,
      el("div.row", null, sending, stopping)),
    result);
}
