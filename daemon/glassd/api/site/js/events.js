// What happens on the board, as it happens: one stream a page, which comes back by itself.
//
// It is read by fetch, not by EventSource: that tells a page neither that its session is over nor when it tries again.
// Browsers give a server six connections for all tabs together, so a tab that nobody sees holds none.

import { ApiError, lines } from "./api.js";

const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 5_000;

/** Listen for as long as the page is there. `handlers`: a function for each kind of event that is of interest.
 *
 * `connected` and `lost` tell how the stream stands; each stream begins with `status` and each display's `screen`, so
 * that nothing of before need be remembered. A screen in a tab that is hidden is nobody's: the stream ends there, and
 * begins anew when the tab is seen again.
 */
export function listen(handlers) {
  let stream = null;
  const follow = () => {
    if (document.hidden) {
      stream?.abort();
      stream = null;
    } else if (stream === null) {
      stream = new AbortController();
      keepReading(handlers, stream.signal);
    }
  };
  document.addEventListener("visibilitychange", follow);
  addEventListener("pagehide", () => stream?.abort());
  addEventListener("pageshow", (event) => {
    if (!event.persisted) return;
    stream = null; // a page that the browser had put away comes back without its connections
    follow();
  });
  follow();
}

async function keepReading(handlers, signal) {
  let wait = FIRST_WAIT_MS;
  while (!signal.aborted) {
    try {
      for await (const event of lines("/api/events", undefined, { signal })) {
        if (event.event === "status") {
          wait = FIRST_WAIT_MS;
          handlers.connected?.();
        }
        handlers[event.event]?.(event);
      }
    } catch (error) {
      if (signal.aborted) return;
      if (!(error instanceof ApiError)) throw error;
      if (error.status === 401) return; // the page is left for the sign-in
    }
    if (signal.aborted) return;
    handlers.lost?.();
    await pause(wait, signal);
    wait = Math.min(2 * wait, LONGEST_WAIT_MS);
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
