// The header of the pages: where one can go, whether the board is heard, the language, the way out.

import { ApiError, get, send, signIn } from "./api.js";
import { el, fill } from "./dom.js";
import { onLanguage, setLanguage, currentLanguage, t, translate } from "./words.js";

const PAGES = { "/": "site.board", "/glasses": "site.glasses", "/history": "site.history", "/settings": "site.settings" };

let state = null;
let element = null;

/**
 * Fill the page's <header>, and put words to all that has `data-t`: the first thing that a page's module awaits.
 * Whom the board does not let in is led to the sign-in, and the page does nothing more.
 */
export async function showHeader() {
  draw();
  translate();
  onLanguage(draw);
  if ((await admitted()) === false) {
    signIn();
    await new Promise(() => {});
  }
}

/** Tell how the stream of events stands: "connecting", "connected" or "lost". */
export function showConnection(now) {
  state = now;
  drawConnection();
}

let signOut = null;

function draw() {
  const header = document.querySelector("body > header");
  header.classList.add("site-header");
  element = el("p", { class: "connection", role: "status" });
  signOut = el("button", { type: "button", class: "quiet", hidden: signOut?.hidden ?? true, click: leave }, t("site.sign_out"));
  const other = currentLanguage() === "zh" ? "en" : "zh";
  fill(
    header,
    el("a", { class: "skip", href: "#main" }, t("site.skip")),
    el("a", { class: "brand", href: "/" }, el("img", { src: "/static/icon.svg", alt: "", width: 28, height: 28 }), "glassd"),
    el("nav", { "aria-label": t("site.pages") }, ...Object.entries(PAGES).map(([path, key]) => pageLink(path, key))),
    el(
      "div",
      { class: "site-tools" },
      element,
      el("button", { type: "button", class: "quiet", lang: other, "aria-label": t("site.language_label"), click: () => toLanguage(other) }, t("site.language")),
      signOut,
    ),
  );
  drawConnection();
}

function pageLink(path, key) {
  return el("a", { href: path, "aria-current": location.pathname === path ? "page" : null }, t(key));
}

function drawConnection() {
  if (element === null) return;
  element.hidden = state === null;
  element.dataset.state = state ?? "";
  if (state !== null) element.textContent = t(`site.${state}`);
}

function toLanguage(other) {
  setLanguage(other);
  document.querySelector(".site-tools button")?.focus();
}

/** Resolve to whether the board lets this browser in; to null where it cannot be reached, which the page tells otherwise. */
async function admitted() {
  try {
    const { scope, session } = await get("/api/sessions/current", { toSignIn: false });
    signOut.hidden = !session; // none is needed over the socket, and in the demo
    return scope === "board";
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    return null;
  }
}

async function leave() {
  try {
    await send("DELETE", "/api/sessions");
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
  }
  location.assign("/sign-in");
}
