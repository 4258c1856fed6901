// Clients of the live feeds, made of the libraries `ws` and `eventsource`: they follow, are cut,
// and resume, until each has seen its feed's end. Then one JSON line a client goes to a file. Where
// the feed of everything ends is written into the file END once that is known.
//   node feed_clients.mjs URL TOKEN CLIENTS SEED END FILE FEED...
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { EventSource } from "eventsource";
import WebSocket from "ws";

const [url, token, clientCount, seed, endFile, file, ...feeds] = process.argv.slice(2);
let end = Infinity; // the log's last position
const authorization = `Bearer ${token}`;

// A small generator, so that a seed gives the same cuts.
let state = Number(seed) >>> 0;
function below(bound) {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  return Math.floor((state / 2 ** 32) * bound);
}

class Client {
  constructor(number) {
    this.number = number;
    this.transport = number % 2 === 0 ? "ws" : "sse";
    this.feed = feeds[number % feeds.length];
    // Every fourth is cut at each frame boundary in turn: after 1 frame, then after 2, …
    this.isSteady = number % 4 < 2;
    this.wantsSnapshots = number % 8 < 4;
    this.frames = []; // ["event", "snapshot" or "turn", position, prev or null]
    this.position = 0;
    this.cuts = 0;
    this.losses = 0; // connections that ended by themselves: the server was killed
    this.cursor = null;
    this.done = new Promise((resolve) => (this.finish = resolve));
    this.connect();
  }

  framesUntilCut() {
    const longest = 30 + Math.floor(this.frames.length / 4);
    return this.isSteady ? 1 + (this.cuts % 60) : 1 + below(longest);
  }

  connect() {
    const connection = (this.connection = {});
    let left = this.framesUntilCut();
    const take = (frame) => {
      if (this.connection !== connection) return; // read before the cut, and not looked at
      this.take(frame);
      if (this.connection === connection && --left === 0) {
        this.cuts++;
        this.leave();
        setTimeout(() => this.connect(), below(30));
      }
    };
    if (this.transport === "ws") this.openSocket(connection, take);
    else this.openStream(connection, take);
  }

  openSocket(connection, take) {
    const socket = new WebSocket(`${url.replace("http", "ws")}/api/v1/ws`, "actor-shell.v1.json", {
      headers: { authorization },
    });
    connection.close = () => socket.terminate();
    socket.on("message", (data) => {
      const frame = JSON.parse(data);
      if (frame.type === "hello")
        socket.send(
          JSON.stringify({
            type: "subscribe",
            id: "a",
            feed: this.feed,
            after: this.cursor ?? 0,
            snapshots: this.wantsSnapshots,
          }),
        );
      else take(frame);
    });
    socket.on("error", () => {});
    socket.on("close", () => {
      if (this.connection !== connection) return;
      this.losses++;
      this.connection = null;
      setTimeout(() => this.connect(), 50 + below(100));
    });
  }

  openStream(connection, take) {
    const how = new URLSearchParams({ after: this.cursor ?? 0, snapshots: this.wantsSnapshots });
    const source = new EventSource(`${url}/api/v1/feeds/${this.feed}/events?${how}`, {
      fetch: (where, how) => fetch(where, { ...how, headers: { ...how.headers, authorization } }),
    });
    connection.close = () => source.close();
    for (const type of ["event", "snapshot", "caught_up", "closed", "resync_required"])
      source.addEventListener(type, (event) => take(JSON.parse(event.data)));
    // It connects again by itself, with the last id; only a refusal ends it.
    source.addEventListener("error", () => {
      if (this.connection !== connection) return;
      this.losses++;
      if (source.readyState !== EventSource.CLOSED) return;
      this.connection = null;
      setTimeout(() => this.connect(), 50 + below(100));
    });
  }

  take(frame) {
    if (frame.type === "event" || frame.type === "snapshot") {
      const what = frame.snapshot?.turn ? "turn" : frame.type;
      this.frames.push([what, frame.position, frame.prev ?? null]);
      this.position = frame.position;
      this.cursor = frame.cursor;
    } else if (frame.type === "error" || frame.type === "resync_required") {
      throw new Error(`client ${this.number}: ${JSON.stringify(frame)}`);
    }
    if (frame.type === "closed" && frame.code === "feed.closed") this.end();
    this.endIfAll();
  }

  endIfAll() {
    if (this.feed === "all" && this.position >= end) this.end();
  }

  end() {
    this.leave();
    this.finish();
  }

  leave() {
    const { connection } = this;
    this.connection = null;
    connection?.close();
  }
}

const clients = Array.from({ length: Number(clientCount) }, (_, number) => new Client(number));
const looking = setInterval(() => {
  if (!existsSync(endFile)) return;
  clearInterval(looking);
  end = Number(readFileSync(endFile, "utf8"));
  for (const client of clients) client.endIfAll();
}, 100);
await Promise.all(clients.map((client) => client.done));
const lines = clients.map(({ number, transport, feed, cuts, losses, frames }) =>
  JSON.stringify({ number, transport, feed, cuts, losses, frames }),
);
writeFileSync(file, lines.join("\n") + "\n");
process.exit(0);
