// One live link to a viperhttp server: a WebSocket, or server-sent events where that does not get through.
//
//   import { connect } from "/viper.js";
//   const link = connect("/live", {
//     rooms: ["kitchen"],        rooms to be in; default: those the server puts every client into
//     stale: 2000,               ms without a message after which values count as old; default: the heartbeat decides
//     state(state, link) {},     "connecting", "live", "stale", "offline"; for good: "stopped" or "refused" by the server
//     message(data, info) {},    info = {room, event, key, t, seq}
//     reset({values}, info) {},  forget what you know of this room: [[key, data, t], ...] is what holds now
//     schema(schema) {},         what a viperhttp.sensors.Feed measures; comes before its samples
//     samples(frame) {},         {schema, count, first, lost, t, data: Int16Array ..., channel(i): Float64Array}
//     binary(buffer) {},         any other binary message
//     error({detail}, info) {},  the server cannot do what was asked
//   });
//   link.join(room), link.leave(room), link.send(data, room), link.retry(), link.close()
//   link.state, link.transport, link.epoch, link.retryAt
//   link.offset, link.rtt, link.age(t): the server's clock, see sync()
//
// What goes over the wire: viperhttp/rooms/PROTOCOL.md.

const FIRST = 500; // ms: back-off with full jitter, doubled from here
const LAST = 15000; // up to here
const CONNECT = 6000; // ms until the server's hello: a proxy may swallow an upgrade without a word
const PROBE = 300000; // ms after which a WebSocket is tried again that did not get through
const QUIET = 2000; // ms without an answer to a ping: what is shown may be old
const DEAD = 6000; // ms: there is no connection. A phone that lost its network is never told
const PINGS = 4; // in a row at the beginning: the fastest one tells the server's clock best
const DRIFT = 1e-4; // ms per ms by which an old estimate of the server's clock is trusted less
const HEAD = 16; // bytes of a samples frame before the samples
const MARK = 118; // its first byte

// The ends after which it does not try again by itself: HTTP statuses and WebSocket close codes.
const ENDS = { 204: "stopped", 1000: "stopped", 401: "refused", 403: "refused", 1008: "refused" };

// Milliseconds as Date.now() has them, but never set back or forth.
const now = () => performance.timeOrigin + performance.now();

export function connect(address, on = {}) {
  const home = new URL(address, location);
  const key = "viper " + home;
  const wanted = new Set(on.rooms);
  let schemas = {};
  let failures = 0; // attempts in a row
  let last = 0; // seq of the last message
  let connection = 0; // its number: late events of an old one are for nobody
  let worked; // a WebSocket has
  let until; // the time up to which server-sent events are used, in this tab
  let timer, sse, end, out, ready, stream, beat, started, heard, news, pinged, checked, pings, synced;

  const link = {
    state: "connecting",

    join(room) {
      wanted.add(room);
      if (!put("join", room, null, null)) last = 0; // then the next connection asks for everything anew
    },

    leave(room) {
      wanted.delete(room);
      put("leave", room);
    },

    // Returns whether it is on its way: nothing is kept for a later connection.
    send: (data, room = "") => put("msg", room, data),

    retry() {
      clearInterval(timer);
      timer = setInterval(check, 250);
      failures = 0;
      if (ready) ping();
      else open();
    },

    close(state = "offline") {
      timer = clearInterval(timer);
      drop();
      set(state);
    },

    // Milliseconds since a moment of the server's clock; new Date(t + link.offset) is that moment.
    age: (t) => now() - t - link.offset,
  };

  // ---- a connection ----

  function open(events = until > now()) {
    drop();
    const mine = connection;
    const take = (data) => mine == connection && receive(data);
    const gone = (why) => mine == connection && lost(why);
    const url = new URL(home);
    const query = url.searchParams;
    sse = events;
    link.transport = sse ? "sse" : "websocket";
    link.rtt = Infinity;
    started = now();
    if (wanted.size) query.set("rooms", [...wanted]);
    if (link.epoch) query.set("last", link.epoch + "-" + last);
    if (sse) {
      const abort = new AbortController();
      let turn; // requests may overtake each other: one at a time
      query.set("viper", 1);
      read(url, abort.signal, take).then(gone, () => gone());
      end = () => abort.abort();
      out = (body) => {
        const post = () => fetch(url, { method: "POST", body }, query.set("stream", stream));
        turn = Promise.resolve(turn).then(post).catch(() => {}); // the missing pong tells
      };
    } else {
      const socket = websocket(url);
      socket.binaryType = "arraybuffer";
      socket.onmessage = ({ data }) => take(data.byteLength ? data : JSON.parse(data));
      socket.onclose = ({ code }) => gone(ENDS[code]);
      end = () => socket.close();
      out = (text) => socket.send(text);
    }
  }

  const websocket = (url) => new WebSocket(url.href.replace("http", "ws"), "viper.v1");

  // By fetch() and not by an EventSource, which cannot tell a 204 from a 503.
  async function read(url, signal, take) {
    const { status, body } = await fetch(url, { signal });
    if (status != 200) return ENDS[status];
    const reader = body.pipeThrough(new TextDecoderStream()).getReader();
    for (let rest = "", part; !(part = await reader.read()).done; ) {
      const events = (rest + part.value).split("\n\n");
      rest = events.pop();
      for (const event of events) {
        const data = /^data: (.*)/m.exec(event)?.[1];
        if (event.includes("event: bin")) take(Uint8Array.from(atob(data), (one) => one.charCodeAt()).buffer);
        else if (data) take(JSON.parse(data));
      }
    }
  }

  function drop(next = 0) {
    connection++;
    end?.();
    end = ready = null;
    link.retryAt = next;
  }

  function lost(why) {
    const unheard = !ready && !sse;
    drop();
    if (why) link.close(why);
    // Where WebSockets have worked, a server that does not answer is more likely than a proxy.
    else if (unheard && (!worked || failures > 2)) open(true);
    else {
      link.retryAt = now() + Math.random() * Math.min(LAST, FIRST * 2 ** failures++);
      set("offline");
    }
  }

  function check() {
    const time = now();
    // A page that has slept (a frozen tab, a closed lid) has let answers wait, too.
    if (time - checked > QUIET) ping();
    checked = time;
    const waiting = pinged > heard && time - pinged;
    if (!end) {
      if (timer && time > link.retryAt) open();
    } else if (ready ? waiting > DEAD : time - started > CONNECT) lost();
    else if (ready) {
      set(waiting > QUIET || time - news > on.stale ? "stale" : "live");
      if (!waiting && time - pinged > beat) ping();
      if (sse && until < now()) {
        remember(now() + PROBE);
        const probe = websocket(home);
        probe.onopen = () => {
          probe.close();
          remember(0);
          open();
        };
      }
    }
  }

  function remember(time) {
    until = time;
    try {
      until = sessionStorage[key] = time ?? sessionStorage[key] ?? 0;
    } catch {
      // a private window may refuse storage: then only this page knows
    }
  }

  // ---- messages ----

  function receive(message) {
    heard = now();
    if (message.byteLength) binary(message, (news = heard));
    else {
      const [seq, room, event, data, t, key] = message;
      if (seq) last = seq;
      if (event == "hello") hello(data, t);
      else if (event == "pong") pong(+data, t);
      else if (!/^(beat|sync|joined|left)$/.test(event)) {
        news = heard;
        for (const [name, value] of event == "reset" ? data.values : [[key, data]]) {
          if (/^schema:/.test(name)) tell("schema", (schemas[value.id] = { ...schemas[value.id], ...value, room }));
        }
        tell(/^(error|reset)$/.test(event) ? event : "message", data, { room, event, key, t, seq });
      }
    }
    if (link.state != "live") check();
  }

  function hello(data, t) {
    if (data.epoch != link.epoch) schemas = {};
    link.epoch = data.epoch;
    beat = data.heartbeat * 1000;
    stream = data.stream;
    pings = PINGS;
    ready = 1;
    if (!sse) worked = 1;
    else if (!(until > now())) remember(now() + PROBE / (worked ? 20 : 1));
    for (const room of wanted) if (!data.rooms.includes(room)) link.join(room);
    for (const room of data.rooms) wanted.add(room);
    news ||= heard;
    sync(started, t);
    ping();
    check();
  }

  function put(...message) {
    if (ready) out(JSON.stringify(message));
    return !!ready;
  }

  // Text, because a board's floats have 24 bits.
  function ping() {
    pinged = now();
    put("ping", "" + pinged);
  }

  function pong(sent, t) {
    failures = 0;
    sync(sent, t);
    if (--pings > 0) ping();
  }

  // t was the server's time at some moment between `sent` and now: the shorter that is, the better it is known.
  function sync(sent, t) {
    const rtt = heard - sent;
    if (rtt > link.rtt + (heard - synced) * DRIFT) return;
    link.rtt = rtt;
    link.offset = (heard + sent) / 2 - t;
    synced = heard;
  }

  function binary(buffer) {
    const [mark, id] = new Uint8Array(buffer);
    const schema = mark == MARK && schemas[id];
    if (!schema) return tell("binary", buffer);
    const { type, channels, next } = schema;
    const [head, first, low, high] = new Uint32Array(buffer, 0, HEAD / 4);
    const count = head >>> 16;
    const data = new self[type + "Array"](buffer, HEAD);
    const lost = next >= 0 ? (first - next) | 0 : 0;
    if (lost < 0) return; // again, after a reconnection
    schema.next = (first + count) >>> 0;
    tell("samples", {
      schema,
      count,
      first,
      lost,
      t: high * 2 ** 32 + low,
      data,
      channel(number) {
        const { scale, offset } = channels[number];
        return Float64Array.from({ length: count }, (_, at) => data[at * channels.length + number] * scale + offset);
      },
    });
  }

  function set(state) {
    if (state != link.state) tell("state", (link.state = state), link);
  }

  function tell(name, ...what) {
    try {
      on[name]?.(...what);
    } catch (error) {
      setTimeout(() => { throw error; }); // the page's own fault is no reason to hang up
    }
  }

  const again = () => timer && link.retry();
  addEventListener("online", again);
  addEventListener("offline", ping);
  addEventListener("pagehide", () => drop(Infinity)); // a board has few connections: give this one back
  addEventListener("pageshow", (event) => event.persisted && again());
  addEventListener("visibilitychange", check); // it bubbles up from the document
  remember();
  link.retry();
  return link;
}
