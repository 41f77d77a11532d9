// What the wearer sees now: every display, drawn in its own columns and rows.

import { byId, el, keep, setText } from "./dom.js";
import { drawScreen, signWords } from "./screen.js";
import { t } from "./words.js";

const PLAIN = { name: "", columns: 30, rows: 10 }; // until the status has said how the display is

const screens = new Map();
let displays = null;

/** Take the displays that there are. */
export function show(status) {
  displays = status.displays ?? [];
  for (const name of screens.keys()) if (!displays.some((display) => display.name === name)) screens.delete(name);
  redraw();
}

/** Take what one display shows now. */
export function screen(event) {
  screens.set(event.display, event);
  redraw();
}

/** Draw all of it, as after a change of the language. */
export function redraw() {
  const all = displays ?? [...screens.keys()].map((name) => ({ name, profile: PLAIN }));
  byId("no-display").hidden = all.length > 0 || displays === null;
  keep(byId("displays"), all, (display) => display.name, make, update);
}

function make() {
  return el("figure", { class: "display" }, el("div", { class: "display-face" }, el("div")), el("figcaption", { class: "small" }, el("span"), el("span", { class: "soft" })));
}

function update(figure, { name, profile }) {
  const [face, caption] = figure.children;
  const shown = screens.get(name);
  setText(caption.firstChild, shown ? signWords(shown).join(" · ") : t("board.display_waits"));
  setText(caption.lastChild, profile.name ? `${name} · ${profile.name}` : name);
  const blank = { lines: [], page: 1, pages: 1, mark: "idle", signs: [] };
  drawScreen(face.firstChild, shown ?? blank, profile);
}
