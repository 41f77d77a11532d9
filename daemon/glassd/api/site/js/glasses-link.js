// The socket between this page and the board: it comes back by itself, for ever, and says how it stands (docs/web.md).

const VERSION = 1;
const MESSAGES = ["welcome", "screen", "take"]; // those that are for others than this module
const SILENCE_LIMIT_MS = 6000; // the board pings each second: past this the connection is dead, whatever TCP thinks
const CONNECT_LIMIT_MS = 6000;
const RETRY_LEAST_MS = 250;
const RETRY_MOST_MS = 5000;
const NOBODY_WAITS = 4404; // the close code where no driver waits for this page
const NOBODY_RETRY_MS = 1000;
const NOBODY_GRACE_MS = 5000; // it comes between two lives of the drivers too

/** How the connection stands:
 *
 * `connecting`  on the way, or lost and tried again
 * `open`        the board has said welcome
 * `nobody`      the board has no driver that waits for a page
 * `unpaired`    the board wants a pairing code first
 * `replaced`    another page is the glasses now
 * `refused`     the board did not understand this page; `detail` says what
 *
 * The last three wait for a person: `start` begins anew.
 */
export class Link {
  #socket = null;
  #timer = 0;
  #asking = null;
  #retryMs = RETRY_LEAST_MS;
  #nobodySince = null;
  #over = null;

  /** `hello()` returns what the page says of itself. `admitted()` resolves to whether the board lets this browser in;
   * it rejects where the board cannot be reached. `on` has `state(state, detail)` and a function for each message
   * (`welcome`, `screen`, `take`). */
  constructor({ hello, admitted, on }) {
    this.state = "connecting";
    this.#hello = hello;
    this.#admitted = admitted;
    this.#on = on;
  }

  #hello;
  #admitted;
  #on;

  /** Connect now, whatever went before. */
  start() {
    this.#drop();
    this.#retryMs = RETRY_LEAST_MS;
    this.#nobodySince = null;
    this.#tell("connecting");
    this.#ask(() => this.#connect());
  }

  /** Try at once where the next attempt is being waited for: the network is back, or somebody is looking. */
  hurry() {
    if (this.#socket === null && this.#timer !== 0) this.start();
  }

  /** Leave; `start` comes back. */
  stop() {
    const socket = this.#socket;
    this.#drop();
    this.#tell("connecting");
    socket?.close(1000);
  }

  /** Tell whether a picture may leave now: nothing of what was said before still waits. */
  get isClear() {
    return this.state === "open" && this.#socket?.bufferedAmount === 0;
  }

  /** Say one message; nothing where there is no connection. */
  say(message) {
    if (this.state === "open") this.#send(JSON.stringify(message));
  }

  /** Send a picture: a line of JSON, then the bytes of the JPEG (a Blob). */
  sendPicture(head, jpeg) {
    if (this.state === "open") this.#send(new Blob([`${JSON.stringify(head)}\n`, jpeg]));
  }

  /** What is said while the board closes is heard by nobody. */
  #send(data) {
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.send(data);
  }

  #connect() {
    const scheme = location.protocol === "https:" ? "wss:" : "ws:";
    const socket = new WebSocket(`${scheme}//${location.host}/api/sockets/web`);
    this.#socket = socket;
    this.#over = null;
    this.#await(CONNECT_LIMIT_MS);
    socket.onopen = () => {
      this.#await(SILENCE_LIMIT_MS);
      socket.send(JSON.stringify({ type: "hello", version: VERSION, ...this.#hello() }));
    };
    socket.onmessage = ({ data }) => {
      const now = performance.now();
      const message = JSON.parse(data);
      if (message.type === "ping") this.#send(JSON.stringify({ type: "pong", id: message.id, at: now }));
      this.#await(SILENCE_LIMIT_MS);
      this.#hear(message);
    };
    socket.onclose = ({ code }) => this.#closed(code);
  }

  #hear(message) {
    if (message.type === "replaced" || message.type === "refused") {
      this.#over = [message.type, message.reason ?? ""];
    } else if (message.type === "welcome") {
      this.#retryMs = RETRY_LEAST_MS;
      this.#nobodySince = null;
      this.#tell("open");
    }
    if (MESSAGES.includes(message.type)) this.#on[message.type](message);
  }

  /** Wait for a sign of life; without one the connection is dropped and made anew. */
  #await(limitMs) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#closed(0), limitMs);
  }

  #closed(code) {
    const opened = this.state === "open";
    this.#drop();
    if (this.#over !== null) this.#tell(...this.#over);
    else if (code === NOBODY_WAITS) this.#retryNobody();
    else if (opened) this.#retry();
    else this.#ask(() => this.#retry());
  }

  /** A socket that does not open says not why: ask whether the board lets us in at all, and go on where it does. */
  async #ask(next) {
    const asking = (this.#asking = {});
    const isAdmitted = await this.#admitted().catch(() => null);
    if (this.#asking !== asking) return; // begun anew meanwhile
    this.#asking = null;
    if (isAdmitted) next();
    else if (isAdmitted === null) this.#retry();
    else this.#tell("unpaired");
  }

  #retry() {
    this.#tell("connecting");
    this.#timer = setTimeout(() => this.#connect(), this.#retryMs * (1 + Math.random() / 4));
    this.#retryMs = Math.min(2 * this.#retryMs, RETRY_MOST_MS);
  }

  #retryNobody() {
    const now = performance.now();
    this.#nobodySince ??= now;
    this.#tell(now - this.#nobodySince < NOBODY_GRACE_MS ? "connecting" : "nobody");
    this.#timer = setTimeout(() => this.#connect(), NOBODY_RETRY_MS);
  }

  /** Let go of the socket: what comes of it concerns nobody any more. */
  #drop() {
    clearTimeout(this.#timer);
    this.#timer = 0;
    this.#asking = null;
    const socket = this.#socket;
    this.#socket = null;
    if (socket === null) return;
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close();
  }

  #tell(state, detail = "") {
    if (state === this.state && detail === "") return;
    this.state = state;
    this.#on.state(state, detail);
  }
}
