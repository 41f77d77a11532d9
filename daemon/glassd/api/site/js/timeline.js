// The time line of one ask, drawn: press → frame → sent → first word → done, each part as wide as it took.

import { el } from "./dom.js";
import { duration } from "./format.js";
import { t } from "./words.js";

// The stations that part the way, and the words for the part that ends there. What lies between them is in the list.
const PARTS = ["gesture", "frame", "sent", "first_delta", "done"];
const STATIONS = ["gesture", "frame", "body", "connected", "sent", "first_delta", "first_screen", "done"];
const STARTS = { scene: "scene", interval: "interval", time: "time", start: "start", api: "ask", cli: "ask" };

/** Return the drawing and its text: `record` has `times_s`, `frame_offset_s` and `origin`, as the API gives an ask. */
export function timeLine(record) {
  const parts = partsOf(record.times_s ?? {});
  if (parts.length === 0) return el("p", { class: "soft small" }, t("line.none"));
  const start = t(`line.start.${STARTS[record.origin] ?? "press"}`);
  const bar = el("div", { class: "line-bar", "aria-hidden": "true" }, ...parts.map(drawn));
  const list = el("ol", { class: "line-parts", "aria-label": t("line.label") }, ...parts.map((part) => said(part, start)));
  return el("div", { class: "line" }, bar, list, whole(record, start));
}

/** Return the parts of a way: `{name, from, to}`, seconds from its start; a station out of order takes no time. */
export function partsOf(times) {
  const parts = [];
  let from = 0;
  for (const name of PARTS) {
    if (!(times[name] >= 0)) continue;
    const to = Math.max(from, times[name]);
    if (name !== "gesture" || to >= 0.0005) parts.push({ name, from, to }); // what no button began has no gesture
    from = to;
  }
  return parts;
}

function drawn({ name, from, to }) {
  const element = el("span", { class: `line-${name}` });
  element.style.flexGrow = String(1000 * Math.max(to - from, 1e-3)); // in seconds it could be below 1, which fills no row
  return element;
}

function said({ name, from, to }, start) {
  return el(
    "li",
    { class: `line-${name}` },
    el("span", { class: "line-what" }, t(`line.part.${name}`, { start })),
    " ",
    el("span", { class: "number" }, duration(to - from)),
  );
}

function whole(record, start) {
  const times = record.times_s;
  const rows = STATIONS.filter((name) => times[name] >= 0).map((name) =>
    el("li", {}, t(`line.at.${name}`), " ", el("span", { class: "number" }, `+${duration(times[name])}`), taken(name, record, start)),
  );
  return el("details", {}, el("summary", {}, t("line.whole", { start })), el("ol", { class: "line-stations small" }, ...rows));
}

function taken(name, record, start) {
  const offset = record.frame_offset_s;
  if (name !== "frame" || offset == null) return null;
  const words = offset <= 0 ? "line.taken_before" : "line.taken_after";
  return el("span", { class: "soft" }, ` ${t(words, { time: duration(Math.abs(offset)), start })}`);
}
