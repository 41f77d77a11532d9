// One ask in full: its words, its pictures, its time line, its facts; what is not kept is said to be so.

import { byId, el, fill } from "./dom.js";
import { duration } from "./format.js";
import { timeLine } from "./timeline.js";
import { t, tOr } from "./words.js";

const FACTS = ["utc", "outcome", "code", "origin", "trigger", "endpoint", "model", "frame_offset_s", "tokens", "money", "resumes", "id"];

/** Show an ask; `closed` is called once the dialog is. */
export function showAsk(ask, { when, badge, everybody, remove, closed }) {
  const dialog = byId("ask");
  if (dialog.open) dialog.close();
  fill(
    dialog,
    el(
      "header",
      { class: "ask-head" },
      el("h2", { id: "ask-title", tabindex: -1 }, t("history.title", { number: ask.number })),
      badge,
      el("button", { type: "button", class: "quiet", click: () => dialog.close() }, t("history.close")),
    ),
    words("history.prompt", ask.prompt, "history.not_kept"),
    words("history.answer", ask.answer, ask.prompt === null ? "history.not_kept" : "history.no_answer"),
    pictures(ask, everybody),
    times(ask),
    facts(ask, when),
    el("div", { class: "row" }, el("button", { type: "button", class: "danger", click: remove }, t("history.delete_one"))),
  );
  dialog.addEventListener("close", closed, { once: true });
  dialog.showModal();
  byId("ask-title").focus();
}

function words(title, text, otherwise) {
  const said = text ? el("p", { class: "ask-words" }, text) : el("p", { class: "soft" }, t(otherwise));
  return el("section", {}, el("h3", {}, t(title)), said);
}

function pictures(ask, everybody) {
  if (!ask.pictures) return null;
  const all = Array.from({ length: ask.pictures }, (_, place) =>
    el("img", {
      src: `/api/history/${ask.number}/pictures/${place + 1}?all=${everybody}`,
      alt: t("history.picture", { number: place + 1, count: ask.pictures }),
      loading: "lazy",
    }),
  );
  return el("section", {}, el("h3", {}, t("history.pictures")), el("div", { class: "ask-pictures" }, ...all));
}

function times(ask) {
  return el("section", {}, el("h3", {}, t("history.times")), timeLine(ask));
}

function facts(ask, when) {
  const values = {
    ...ask,
    utc: when,
    code: ask.code && `${tOr(`error.${ask.code}`, "")} (${ask.code})`.trim(),
    outcome: ask.outcome && tOr(`ask.${ask.outcome}`, ask.outcome),
    origin: tOr(`origin.${ask.origin}`, ask.origin),
    frame_offset_s: ask.frame_offset_s === null ? null : offset(ask.frame_offset_s),
    tokens: ask.tokens_in === null && ask.tokens_out === null ? null : `${ask.tokens_in ?? "–"} / ${ask.tokens_out ?? "–"}`,
  };
  const rows = FACTS.filter((name) => values[name] !== null && values[name] !== undefined && values[name] !== "").map((name) =>
    el("div", {}, el("dt", {}, t(`history.fact.${name}`)), el("dd", {}, String(values[name]))),
  );
  return el("section", {}, el("h3", {}, t("history.facts")), el("dl", { class: "facts" }, ...rows));
}

function offset(seconds) {
  return `${seconds < 0 ? "−" : "+"}${duration(Math.abs(seconds))}`;
}
