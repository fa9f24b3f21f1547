"use strict";
// Opens a WebSocket and talks to it.
const CODES = {
  1000: "normal closure", 1001: "going away", 1002: "protocol error", 1003: "unsupported data", 1005: "no code",
  1006: "connection lost without a close frame", 1007: "invalid data", 1008: "policy violation", 1009: "message too big",
  1010: "extension missing", 1011: "internal error", 1012: "service restart", 1013: "try again later", 1014: "bad gateway",
};
let pickers = 0;

function socketPanel(route, mark) {
  const parameters = form(route, "ws", aim);
  const target = el("code.target");
  const protocols = el("input", { value: route.protocols.join(", "), autocomplete: "off", spellcheck: "false" });
  const opening = el("button.main", { type: "submit" }, "Connect");
  const closing = el("button", { type: "button", onclick: close, disabled: true }, "Close");
  const code = el("input.code", { value: "1000", inputmode: "numeric", "aria-label": "Close code", title: "Close code: 1000, or 3000 to 4999" });
  const reason = el("input.reason", { placeholder: "Reason", "aria-label": "Close reason", autocomplete: "off" });
  const state = el("span.state", { role: "status" }, "Not connected");
  const log = makeLog("Messages appear here, with their time and direction.");
  const message = el("textarea", { rows: 2, spellcheck: "false", "aria-label": "Message", onkeydown: key, oninput: () => message.removeAttribute("aria-invalid") });
  const sending = el("button.main", { type: "submit", disabled: true }, "Send");
  const picker = "pick" + pickers++;
  const asText = el("input", { type: "radio", name: picker, checked: true, onchange: hint });
  const asHex = el("input", { type: "radio", name: picker, onchange: hint });
  let ws = null;
  let opened = false;

  function aim() {
    target.textContent = parameters.address();
  }

  function hint() {
    message.placeholder = asHex.checked ? "Bytes as hex: 01 02 ff" : "Text; Enter sends it, Shift+Enter is a new line";
    message.removeAttribute("aria-invalid");
  }

  function show(kind, text) {
    const on = kind === "good" || kind === "wait";
    stateOf(state, kind, text);
    opening.disabled = on;
    closing.disabled = !on;
    sending.disabled = kind !== "good";
    mark(on);
  }

  function connect(event) {
    event.preventDefault();
    const url = parameters.url();
    if (!url) return;
    const names = protocols.value.split(",").map((name) => name.trim()).filter(Boolean);
    opened = false;
    try {
      ws = new WebSocket(url, names);
    } catch (error) {
      show("bad", "Not possible");
      log.add("bad", error.message);
      return;
    }
    ws.binaryType = "arraybuffer";
    ws.onopen = () => {
      opened = true;
      show("good", ws.protocol ? "Open · " + ws.protocol : "Open");
      log.add("info", "Connected to " + url + (ws.protocol ? ", subprotocol " + ws.protocol : ""));
      if (!narrow()) message.focus({ preventScroll: true });
    };
    ws.onmessage = ({ data }) => {
      if (typeof data === "string") log.add("in", data);
      else log.add("in", hex(new Uint8Array(data)), `binary ${bytes(data.byteLength)}`);
    };
    ws.onclose = (end) => {
      const word = CODES[end.code] || (end.code >= 4000 ? "the application's own" : "");
      if (opened) {
        show(end.wasClean && end.code < 1002 ? "" : "bad", `Closed ${end.code}`);
        log.add(end.wasClean ? "info" : "bad", `Closed: ${end.code}${word ? " " + word : ""}${end.reason ? ", “" + end.reason + "”" : ""}`);
      } else {
        show("bad", "Refused");
        log.add("bad", "The handshake was refused, or nobody answered. A browser does not tell the status; the server's log may.");
      }
    };
    show("wait", "Connecting");
  }

  function close() {
    const wanted = Number(code.value);
    const allowed = wanted === 1000 || (wanted >= 3000 && wanted <= 4999);
    const short = new TextEncoder().encode(reason.value).length <= 123;
    code.setAttribute("aria-invalid", !allowed);
    reason.setAttribute("aria-invalid", !short);
    if (!allowed || !short) {
      log.add("bad", allowed ? "A reason has at most 123 bytes." : "A browser sends the codes 1000 and 3000 to 4999 only.");
      return;
    }
    ws.close(wanted, reason.value);
    show("wait", "Closing");
  }

  function send(event) {
    event.preventDefault();
    if (sending.disabled) return;
    if (asText.checked) {
      ws.send(message.value);
      log.add("out", message.value);
    } else {
      const data = unhex(message.value);
      if (!data) {
        message.setAttribute("aria-invalid", true);
        log.add("bad", "That is not hex: two digits for each byte.");
        return;
      }
      ws.send(data);
      log.add("out", hex(data), `binary ${bytes(data.length)}`);
    }
    message.value = "";
    message.focus();
  }

  function key(event) {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) send(event);
  }

  aim();
  hint();
  const offers = el("label.field", null, el("div", null, "Subprotocols ", el("span", null, "offered, in this order")), protocols);
  const fields = parameters.node;
  fields.append(offers);
  return el("div.panel", null,
    el("form.card", { onsubmit: connect, novalidate: true }, fields, target, el("div.row", null, opening, state)),
    el("div.card", null,
      log.bar,
      log.node,
      el("form.compose", { onsubmit: send, novalidate: true }, message,
        el("div.row", null,
          el("div.pick", { role: "radiogroup", "aria-label": "Send as" }, el("label", null, asText, "Text"), el("label", null, asHex, "Hex")),
          el("span.grow"), sending)),
      el("div.row.ends", null, code, reason, closing)));
}
