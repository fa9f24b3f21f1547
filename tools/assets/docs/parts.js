"use strict";
// el("p.note", {title: "x"}, "text", child): an element. Text is always text: nothing here becomes markup.
function el(what, attributes, ...children) {
  const [tag, ...classes] = what.split(".");
  const made = document.createElement(tag);
  if (classes.length) made.className = classes.join(" ");
  for (const [name, value] of Object.entries(attributes || {})) {
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (value === true) made.setAttribute(name, "");
    else if (value !== false && value != null) made.setAttribute(name, value);
  }
  made.append(...children.filter((child) => child != null));
  return made;
}

// Whether the list and a route take turns on the screen, as on a phone.
function narrow() {
  return matchMedia("(max-width: 760px)").matches;
}

// How many bytes, for people.
function bytes(n) {
  return n < 1024 ? n + " B" : n < 1048576 ? (n / 1024).toFixed(1) + " KB" : (n / 1048576).toFixed(1) + " MB";
}

// The first bytes as hex, and how many there are.
function hex(data, most = 256) {
  const shown = Array.from(data.subarray(0, most), (byte) => byte.toString(16).padStart(2, "0")).join(" ");
  return data.length > most ? shown + " …" : shown;
}

// The bytes of a hex text, or null when it is none. Spaces, commas, colons and 0x are let pass.
function unhex(text) {
  const digits = text.replace(/0x/gi, "").replace(/[\s,:]/g, "");
  if (digits.length % 2 || /[^0-9a-f]/i.test(digits)) return null;
  return Uint8Array.from(digits.match(/../g) || [], (pair) => parseInt(pair, 16));
}

// A coloured word about a connection or a response.
function stateOf(shown, kind, text) {
  shown.className = "state " + kind;
  shown.textContent = text;
}

// The form for a route's parameters: {node, url()}; url() is null, and the field marked, when one is missing.
function form(route, scheme, changed) {
  const inputs = [];
  const fields = el("div.fields");
  for (const one of route.parameters) {
    const schema = one.schema || {};
    const attributes = { autocomplete: "off", spellcheck: "false", oninput: changed };
    let input;
    if (schema.type === "boolean") {
      input = el("select", attributes, ...["", "true", "false"].map((word) => el("option", { value: word }, word || "–")));
    } else {
      if (schema.type === "integer") attributes.inputmode = "numeric";
      input = el("input", attributes);
    }
    if (schema.default != null) input.value = schema.default;
    inputs.push([one, input]);
    const kind = [one.in === "path" ? null : "query", schema.type, one.required ? null : "optional"];
    fields.append(el("label.field", null, el("div", null, one.name + " ", el("span", null, kind.filter(Boolean).join(", "))), input));
  }
  let free = null;
  if (route.method === "WS") {
    free = el("input", { placeholder: "name=value&…", autocomplete: "off", spellcheck: "false", oninput: changed });
    fields.append(el("label.field", null, el("div", null, "Query ", el("span", null, "optional")), free));
  }

  // Parameters without a value stay in the address as {name}.
  function address() {
    let path = route.path;
    const query = [];
    for (const [one, input] of inputs) {
      if (one.in === "path") {
        if (!input.value) continue;
        const text = encodeURIComponent(input.value);
        const slashes = route.method === "WS" || (one.schema && one.schema.format === "path");
        path = path.replace("{" + one.name + "}", () => (slashes ? text.replace(/%2F/g, "/") : text));
      } else if (input.value || (one.required && input.value !== "")) {
        query.push(encodeURIComponent(one.name) + "=" + encodeURIComponent(input.value));
      }
    }
    if (free && free.value) query.push(free.value.replace(/^\?/, ""));
    const host = (scheme === "ws" ? location.protocol.replace("http", "ws") : location.protocol) + "//" + location.host;
    return host + base + path + (query.length ? "?" + query.join("&") : "");
  }

  function url() {
    let missing = null;
    for (const [one, input] of inputs) {
      const wrong = one.in === "path" && !input.value;
      input.setAttribute("aria-invalid", wrong);
      if (wrong && !missing) missing = input;
    }
    if (missing) missing.focus();
    return missing ? null : address();
  }
  return { node: fields.children.length ? fields : null, address, url };
}
