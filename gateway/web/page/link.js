// The one WebSocket to the server: it comes back by itself, with backoff, and every feed goes on
// from its cursor. Commands that were not answered are sent again under their idempotency key.

const protocol = "actor-shell.v1.json";
const firstWaitMs = 250;
const longestWaitMs = 8000;
const creditAtOnce = 2000;
const refusedToken = 1008;

export class Link {
  #token = "";
  #socket = null;
  #waitMs = firstWaitMs;
  #timer = 0;
  #watchdog = 0;
  #heartbeatMs = 15000;
  #greeted = false;
  #next = 1;
  #commands = new Map();
  #feeds = new Map();

  /** `onState(state, text)`: `off`, `connecting`, `live`, `waiting`, `refused`. */
  constructor(onState) {
    this.onState = onState;
    addEventListener("online", () => this.#soon(0));
    addEventListener("offline", () => this.#drop());
  }

  get isOpen() {
    return this.#greeted;
  }

  open(token) {
    this.#token = token;
    this.#waitMs = firstWaitMs;
    this.#connect();
  }

  close() {
    this.#token = "";
    clearTimeout(this.#timer);
    this.#drop();
    for (const each of this.#commands.values())
      each.reject({ detail: "The connection was closed." });
    this.#commands.clear();
    this.#feeds.clear();
    this.onState("off", "not connected");
  }

  get(path, query) {
    return this.#send({ method: "GET", path, query });
  }

  post(path, body) {
    return this.#send({ method: "POST", path, body, idempotency_key: newKey() });
  }

  /**
   * Follows a feed from its beginning, or from now on with `to.fromNow`. `to` has `event(event)`,
   * and may have `snapshot(frame)`, `restart()` for a feed that begins anew, `caughtUp()` and
   * `closed(frame)`. Returns a function that ends it.
   */
  follow(feed, to) {
    const id = `f${this.#next++}`;
    const begin = to.fromNow ? "now" : 0;
    const following = { id, feed, to, begin, cursor: begin, position: 0, unpaid: 0 };
    this.#feeds.set(id, following);
    if (this.#greeted) this.#subscribe(following);
    return () => {
      if (this.#feeds.delete(id) && this.#greeted) this.#say({ type: "unsubscribe", id });
    };
  }

  // -- the socket --------------------------------------------------------------------------------

  #connect() {
    clearTimeout(this.#timer);
    this.#drop();
    if (!this.#token) return;
    this.onState("connecting", "connecting…");
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    const socket = new WebSocket(`${scheme}://${location.host}/api/v1/ws`, protocol);
    this.#socket = socket;
    socket.onopen = () => this.#say({ type: "auth", token: this.#token });
    socket.onmessage = (message) => this.#hear(JSON.parse(message.data));
    socket.onclose = (closed) => {
      if (socket === this.#socket) this.#lost(closed);
    };
  }

  #drop() {
    clearTimeout(this.#watchdog);
    const socket = this.#socket;
    const wasOpen = this.#greeted;
    this.#socket = null;
    this.#greeted = false;
    socket?.close();
    if (wasOpen && this.#token) this.#soon(this.#waitMs);
  }

  #lost(closed) {
    const wasGreeted = this.#greeted;
    this.#socket = null;
    this.#greeted = false;
    clearTimeout(this.#watchdog);
    if (closed.code === refusedToken && !wasGreeted) {
      this.#token = "";
      this.onState("refused", closed.reason || "the token was refused");
      return;
    }
    this.#soon(this.#waitMs);
  }

  #soon(ms) {
    if (!this.#token || this.#greeted) return;
    clearTimeout(this.#timer);
    if (!navigator.onLine) {
      this.onState("waiting", "there is no network");
      return; // the `online` event goes on
    }
    const wait = Math.round(ms * (0.75 + Math.random() / 2));
    this.#waitMs = Math.min(longestWaitMs, Math.max(firstWaitMs, this.#waitMs * 2));
    this.onState("waiting", `the connection was lost; again in ${(wait / 1000).toFixed(1)} s`);
    this.#timer = setTimeout(() => this.#connect(), wait);
  }

  /** Two heartbeats without a word: the connection is gone, whatever the socket says. */
  #watch() {
    clearTimeout(this.#watchdog);
    this.#watchdog = setTimeout(() => this.#drop(), 2 * this.#heartbeatMs + 1000);
  }

  #say(message) {
    this.#socket?.send(JSON.stringify(message));
  }

  // -- what the server says ----------------------------------------------------------------------

  #hear(frame) {
    this.#watch();
    const feed = frame.id === undefined ? undefined : this.#feeds.get(frame.id);
    switch (frame.type) {
      case "hello":
        return this.#welcome(frame);
      case "result":
        return this.#answer(frame.id, frame.status, frame.body);
      case "error":
        return this.#refuse(frame, feed);
      case "event":
      case "snapshot":
        return feed && this.#take(feed, frame);
      case "caught_up":
        return feed && this.#caughtUp(feed, frame);
      case "resync_required":
        return feed && this.#restart(feed);
      case "closed":
        return feed && this.#closed(feed, frame);
    }
  }

  #welcome(hello) {
    this.#greeted = true;
    this.#waitMs = firstWaitMs;
    this.#heartbeatMs = hello.heartbeat_s * 1000;
    this.onState("live", "live");
    for (const each of this.#feeds.values()) this.#subscribe(each);
    for (const each of this.#commands.values()) this.#say(each.message);
  }

  #subscribe(feed) {
    feed.unpaid = 0;
    this.#say({
      type: "subscribe",
      id: feed.id,
      feed: feed.feed,
      after: feed.cursor,
      credit: creditAtOnce,
    });
  }

  #take(feed, frame) {
    // Each event names the one before it, so a gap can't go unseen.
    if (frame.type === "event" && feed.position !== 0 && frame.prev !== feed.position) {
      this.#say({ type: "unsubscribe", id: feed.id });
      return this.#restart(feed);
    }
    feed.position = frame.position;
    feed.cursor = frame.cursor;
    if (frame.type === "event") feed.to.event(frame);
    else feed.to.snapshot?.(frame);
    feed.unpaid += 1;
    if (feed.unpaid >= creditAtOnce / 2) {
      this.#say({ type: "credit", id: feed.id, add: feed.unpaid });
      feed.unpaid = 0;
    }
  }

  #caughtUp(feed, frame) {
    feed.cursor = frame.cursor;
    feed.to.caughtUp?.();
  }

  #restart(feed) {
    this.#feeds.delete(feed.id);
    feed.id = `f${this.#next++}`;
    feed.cursor = feed.begin;
    feed.position = 0;
    this.#feeds.set(feed.id, feed);
    feed.to.restart?.();
    this.#subscribe(feed);
  }

  #closed(feed, frame) {
    // Of what the server closes for its own reasons, the socket's end brings it back.
    if (frame.code === "shutting_down") return;
    if (frame.code === "timed_out") return this.#subscribe(feed);
    this.#feeds.delete(feed.id);
    feed.to.closed?.(frame);
  }

  #refuse(frame, feed) {
    if (this.#commands.has(frame.id))
      return this.#answer(frame.id, 0, { ...frame, detail: frame.message });
    if (!feed) return;
    if (frame.code === "cursor_invalid") return this.#restart(feed);
    this.#feeds.delete(feed.id);
    feed.to.closed?.({ code: frame.code, reason: frame.message });
  }

  // -- commands ----------------------------------------------------------------------------------

  #send(command) {
    const id = `c${this.#next++}`;
    const message = { type: "command", id, ...command };
    return new Promise((resolve, reject) => {
      this.#commands.set(id, { message, resolve, reject });
      if (this.#greeted) this.#say(message);
    });
  }

  #answer(id, status, body) {
    const command = this.#commands.get(id);
    if (!command) return;
    this.#commands.delete(id);
    if (status >= 200 && status < 300) command.resolve(body);
    else command.reject(body ?? { detail: `The server answered ${status}.` });
  }
}

/** Not `randomUUID`: that is only there where the page came over TLS or from this machine. */
function newKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
