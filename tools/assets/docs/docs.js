"use strict";
// Reads the document of the API, lists its routes, and shows the one that the address names.
const METHODS = ["get", "post", "put", "patch", "delete", "options", "head"];
const byId = (name) => document.getElementById(name);
const routes = new Map();
let base = "";

function collect(api) {
  for (const [path, methods] of Object.entries(api.paths || {})) {
    for (const method of METHODS) {
      const one = methods[method];
      if (!one) continue;
      const events = Object.values(one.responses || {}).some((response) => (response.content || {})["text/event-stream"]);
      add({ ...one, method: method.toUpperCase(), path, events, parameters: one.parameters || [], body: one.requestBody });
    }
  }
  for (const one of api["x-websocket"] || []) {
    const parameters = [...one.path.matchAll(/\{([^}]+)\}/g)].map((match) => ({ name: match[1], in: "path", required: true }));
    add({ ...one, method: "WS", parameters });
  }
}

function add(route) {
  route.key = "#" + route.method.toLowerCase() + route.path;
  routes.set(route.key, route);
}

function list() {
  const groups = new Map();
  for (const route of routes.values()) {
    const tag = (route.tags || [])[0] || "default";
    if (!groups.has(tag)) groups.set(tag, []);
    groups.get(tag).push(route);
  }
  byId("list").replaceChildren();
  for (const [tag, members] of [...groups].sort(([a], [b]) => a.localeCompare(b))) {
    const links = members.map((route) => {
      route.link = el("a.route" + (route.deprecated ? ".old" : ""), { href: encodeURI(route.key) },
        badge(route), el("code", null, route.path), el("i", { title: "Connected" }),
        route.summary ? el("small", null, route.summary) : null);
      route.text = [route.method, route.events ? "SSE EVENTS" : "", route.path, route.summary, tag].join(" ").toLowerCase();
      return route.link;
    });
    byId("list").append(el("div", null, el("h2", null, tag), ...links));
  }
  if (!routes.size) byId("list").append(el("p.note", null, "This application has no routes to show."));
}

function badge(route) {
  return route.events ? el("span.badge.EVENTS", null, "SSE") : el("span.badge." + route.method, null, route.method);
}

function filter() {
  const words = byId("filter").value.toLowerCase().split(/\s+/);
  for (const route of routes.values()) route.link.hidden = !words.every((word) => route.text.includes(word));
  for (const group of byId("list").children) group.hidden = !group.querySelector("a:not([hidden])");
}

// A route's panel is made once, so that what it has open stays open while another is looked at.
function panel(route) {
  if (!route.panel) {
    const mark = (on) => route.link.classList.toggle("live", on);
    const tags = (route.tags || []).map((tag) => el("span.chip", null, tag));
    const secured = (route["x-dependencies"] || []).map((name) => el("span.chip", { title: "Dependency" }, "needs " + name));
    route.panel = el("div.panel", null,
      el("div.top", null,
        el("a.back", { href: "#" }, "‹ All routes"),
        el("div.name", null, badge(route), el("code", null, route.path), route.deprecated ? el("span.state.wait", null, "Deprecated") : null),
        route.summary ? el("h2", null, route.summary) : null,
        route.description ? el("p.more", null, route.description) : null,
        el("div.row", null, ...tags, ...secured)),
      route.method === "WS" ? socketPanel(route, mark) : httpPanel(route, mark),
      answers(route));
  }
  return route.panel;
}

// What the documentation says about the answers.
function answers(route) {
  const said = Object.entries(route.responses || {});
  if (!said.length) return null;
  const rows = said.map(([status, one]) => el("div.row", null, el("code", null, status), el("span.more", null,
    [one.description, ...Object.keys(one.content || {})].filter((text, i, all) => text && all.indexOf(text) === i).join(" · "))));
  return el("details", null, el("summary", null, "Documented responses"), ...rows);
}

function open() {
  const key = decodeURI(location.hash);
  const first = narrow() ? null : byId("list").querySelector(".route");
  const route = routes.get(key) || (first ? [...routes.values()].find((one) => one.link === first) : null);
  document.body.classList.toggle("open", !!route);
  for (const one of routes.values()) one.link.setAttribute("aria-current", one === route);
  byId("detail").replaceChildren(...(route ? [panel(route)] : []));
  if (narrow()) scrollTo(0, 0);
  else byId("detail").scrollTop = 0;
}

async function start() {
  let api;
  try {
    const response = await fetch(location.pathname + "?openapi", { cache: "no-store" });
    if (!response.ok) throw new Error("status " + response.status);
    api = await response.json();
  } catch (error) {
    const again = el("button", { onclick: start }, "Try again");
    byId("list").replaceChildren(el("p.note", null, "The description of this API did not arrive: " + error.message), again);
    document.body.classList.remove("open");
    return;
  }
  const here = api["x-viperhttp"] || {};
  // Behind a proxy the application may live below a prefix.
  if (here.docs && location.pathname.endsWith(here.docs)) base = location.pathname.slice(0, -here.docs.length);
  document.title = byId("title").textContent = api.info.title;
  byId("version").textContent = api.info.version;
  byId("version").hidden = false;
  byId("about").textContent = api.info.description || "";
  byId("about").hidden = !api.info.description;
  byId("links").replaceChildren(el("a", { href: base + here.openapi }, "OpenAPI"), el("a", { href: base + here.asyncapi }, "AsyncAPI"));
  collect(api);
  list();
  filter();
  open();
}

addEventListener("hashchange", open);
byId("filter").addEventListener("input", filter);
start();
