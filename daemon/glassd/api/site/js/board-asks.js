// The last asks: those that the journal keeps, and those of which this page has heard, with answers that grow.

import { ApiError, get } from "./api.js";
import { byId, el, fill, keep, setText } from "./dom.js";
import { when } from "./format.js";
import { timeLine } from "./timeline.js";
import { t, tOr } from "./words.js";

const SHOWN = 6;
const ANSWER_LIMIT_CHARS = 20_000; // of a longer one the history has the rest
const SPOKEN_LIMIT_CHARS = 500;
const OPENING_MS = 1_000;

const asks = new Map(); // by id, the newest first
let reading = false;
let again = false;

/** Take an ask that has begun. */
export function asked(event) {
  const { ask: id, prompt, origin, trigger } = event;
  const before = asks.get(id);
  asks.delete(id);
  const all = [...asks];
  asks.clear();
  asks.set(id, { ...before, id, prompt, origin, trigger, answer: "", outcome: null });
  for (const [other, record] of all.slice(0, 2 * SHOWN)) asks.set(other, record);
  redraw();
}

/** Take what has come of an answer. */
export function delta({ ask: id, text }) {
  const ask = asks.get(id);
  if (ask === undefined || ask.answer.length >= ANSWER_LIMIT_CHARS) return;
  ask.answer = (ask.answer + text).slice(0, ANSWER_LIMIT_CHARS);
  drawSoon();
}

/** Take an ask's end, and speak of it. */
export function ended(record) {
  const ask = { prompt: null, answer: "", ...asks.get(record.id), ...record };
  if (asks.has(record.id)) asks.set(record.id, ask);
  redraw();
  setText(byId("spoken"), `${outcome(ask)}. ${ask.answer.slice(0, SPOKEN_LIMIT_CHARS)}`);
  read();
}

/** Read what the journal keeps: again at once where something came meanwhile, and once at a time. */
export async function read() {
  again = true;
  if (reading) return;
  reading = true;
  try {
    while (again) {
      again = false;
      take((await get(`/api/history?limit=${SHOWN}`)).asks);
    }
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    if (error.code === "busy") setTimeout(read, OPENING_MS); // it is being opened
    redraw(); // without a journal there is what this page has heard
  } finally {
    reading = false;
  }
}

/** Draw all of it. */
export function redraw() {
  const shown = [...asks.values()].slice(0, SHOWN);
  byId("no-asks").hidden = shown.length > 0;
  keep(byId("asks"), shown, (ask) => ask.id, make, update);
}

function take(kept) {
  const heard = [...asks.values()].filter((ask) => !kept.some((one) => one.id === ask.id));
  const merged = kept.map((one) => {
    const known = asks.get(one.id);
    const answer = longer(known?.answer, one.answer) ?? ""; // null where words are not kept
    return { ...known, ...one, answer, prompt: longer(known?.prompt, one.prompt), outcome: one.outcome ?? known?.outcome ?? null };
  });
  asks.clear();
  for (const ask of [...heard.filter((one) => one.outcome === null || !kept.length), ...merged]) asks.set(ask.id, ask);
  if (kept.length) for (const ask of heard) if (!asks.has(ask.id)) asks.set(ask.id, ask); // forgotten, or not kept: last
  redraw();
}

/** Of two texts of one thing, one of which may be cut short, return the longer. */
function longer(heard, kept) {
  return (kept ?? "").length >= (heard ?? "").length ? (kept ?? heard ?? null) : heard;
}

let drawing = false;

function drawSoon() {
  if (drawing) return;
  drawing = true;
  requestAnimationFrame(() => {
    drawing = false;
    redraw();
  });
}

function make() {
  return el(
    "li",
    { class: "ask" },
    el("p", { class: "ask-head small soft" }),
    el("div", { class: "ask-body" }, el("div", { class: "ask-picture" }), el("div", { class: "ask-words" }, el("p", { class: "ask-prompt" }), el("p", { class: "ask-answer" }), el("p", { class: "ask-trouble small" }))),
    el("div", { class: "ask-line" }),
  );
}

function update(item, ask) {
  const [head, body, line] = item.children;
  const [picture, words] = body.children;
  const [prompt, answer, trouble] = words.children;
  item.dataset.outcome = ask.outcome ?? "under_way";
  const parts = [outcome(ask), ask.trigger || tOr(`origin.${ask.origin}`, ask.origin), ask.utc ? when(ask.utc) : null, ask.endpoint];
  setText(head, parts.filter(Boolean).join(" · "));
  setText(prompt, ask.prompt ?? t("ask.no_prompt"));
  prompt.classList.toggle("soft", ask.prompt == null);
  setText(answer, ask.answer ?? "");
  answer.tabIndex = answer.scrollHeight > answer.clientHeight + 1 ? 0 : -1;
  setText(trouble, ask.code ? tOr(`error.${ask.code}`, ask.code) : "");
  const source = ask.pictures > 0 && ask.number ? `/api/history/${ask.number}/pictures/1` : "";
  if (picture.dataset.source !== source) {
    picture.dataset.source = source;
    fill(picture, source && el("img", { src: source, alt: t("ask.picture"), loading: "lazy", decoding: "async" }));
  }
  const drawn = JSON.stringify([ask.times_s, document.documentElement.lang]);
  if (ask.outcome && ask.times_s && line.dataset.drawn !== drawn) {
    line.dataset.drawn = drawn;
    fill(line, timeLine(ask));
  }
}

function outcome(ask) {
  if (ask.code === "queued") return t("ask.queued");
  return tOr(`ask.${ask.outcome ?? "under_way"}`, ask.outcome);
}
