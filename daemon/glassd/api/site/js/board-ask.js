// The prompt box. The answer grows below it, among the last asks, as every ask's does.

import { ApiError, lines } from "./api.js";
import { byId, setText } from "./dom.js";
import { tOr } from "./words.js";

let asking = null;

/** Begin to take questions. */
export function begin() {
  byId("ask").addEventListener("submit", (event) => {
    event.preventDefault();
    submit();
  });
  byId("prompt").addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.keyCode === 229) return; // 229: an input method's
    event.preventDefault();
    byId("ask").requestSubmit();
  });
  byId("stop").addEventListener("click", () => asking?.abort());
}

async function submit() {
  const prompt = byId("prompt").value.trim();
  if (!prompt || asking !== null) return;
  asking = new AbortController();
  setText(byId("ask-told"), "");
  under(true);
  try {
    const question = { prompt, frames: byId("with-picture").checked ? "one" : "none" };
    for await (const event of lines("/api/ask", question, { signal: asking.signal })) {
      if (event.event !== "outcome") continue;
      if (event.error) setText(byId("ask-told"), tOr(`error.${event.error.code}`, event.error.message));
      if (event.outcome === "finished") byId("prompt").value = "";
    }
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    if (error.code !== "cancelled") setText(byId("ask-told"), [error.message, ...error.details].join(" "));
  } finally {
    asking = null;
    under(false);
  }
}

function under(way) {
  const stop = byId("stop");
  const send = byId("send");
  const had = document.activeElement;
  stop.hidden = !way;
  send.disabled = way;
  if (way && had === send) stop.focus();
  if (!way && had === stop) send.focus();
}
