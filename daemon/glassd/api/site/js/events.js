// What happens on the board, as it happens: one stream a page, which comes back by itself.
//
// It is read by fetch, not by EventSource: that tells a page neither that its session is over nor when it tries again.
// Browsers give a server six connections for all tabs together, so a tab that nobody sees holds none. A network that
// is gone tells nobody so: beside the stream the status is asked for, and a stream whose board does not answer is lost.

import { ApiError, get, lines } from "./api.js";

const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 5_000;
const STATUS_MS = 5_000; // how often the status is asked for
const SOON_MS = 250; // how soon it is asked for where something has changed
const STATUS_LIMIT_MS = 5_000; // how long it may take before the board counts as lost

/** Listen for as long as the page is there. `handlers`: a function for each kind of event that is of interest.
 *
 * `connected` and `lost` tell how the stream stands; each stream begins with `status`, each display's `screen`, and
 * what is under way, so that nothing of before need be remembered. `status` comes again every five seconds, and soon
 * after `refresh()` of what is returned. A tab that is hidden holds no stream: it begins anew when the tab is seen.
 */
export function listen(handlers) {
  let stream = null;
  const stop = () => {
    stream?.close();
    stream = null;
  };
  const follow = () => {
    if (document.hidden) stop();
    else stream ??= new Stream(handlers);
  };
  document.addEventListener("visibilitychange", follow);
  addEventListener("pagehide", stop);
  addEventListener("pageshow", follow); // also of a page that the browser had put away whole
  follow();
  return { refresh: () => stream?.refresh() };
}

class Stream {
  #handlers;
  #over = new AbortController();
  #one = null; // ends the connection of now, to have another
  #timer = 0;

  constructor(handlers) {
    this.#handlers = handlers;
    this.#keepReading();
  }

  close() {
    this.#over.abort();
    this.#one?.abort();
    clearTimeout(this.#timer);
  }

  refresh() {
    this.#askStatus(SOON_MS);
  }

  async #keepReading() {
    let wait = FIRST_WAIT_MS;
    while (!this.#over.signal.aborted) {
      this.#one = new AbortController();
      try {
        for await (const event of lines("/api/events", undefined, { signal: this.#one.signal })) {
          if (event.event === "status") {
            wait = FIRST_WAIT_MS;
            this.#askStatus(STATUS_MS);
            this.#handlers.connected?.();
          }
          this.#handlers[event.event]?.(event);
        }
      } catch (error) {
        if (!(error instanceof ApiError)) throw error;
        if (error.status === 401) return; // the page is left for the sign-in
      }
      clearTimeout(this.#timer);
      if (this.#over.signal.aborted) return;
      this.#handlers.lost?.();
      await pause(wait, this.#over.signal);
      wait = Math.min(2 * wait, LONGEST_WAIT_MS);
    }
  }

  #askStatus(after) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(async () => {
      const one = this.#one;
      try {
        const status = await get("/api/status", { signal: AbortSignal.timeout(STATUS_LIMIT_MS) });
        if (one !== this.#one || one.signal.aborted) return;
        this.#handlers.status?.(status);
        this.#askStatus(STATUS_MS);
      } catch (error) {
        if (!(error instanceof ApiError)) throw error;
        one.abort();
      }
    }, after);
  }
}

function pause(ms, signal) {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms * (0.8 + 0.4 * Math.random())); // many pages do not come back at once
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
