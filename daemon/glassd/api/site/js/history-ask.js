// One ask in full: its words, its pictures, its time line, its facts; what is not kept is said to be so.

import { byId, el, fill } from "./dom.js";
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
    times(ask.times_s),
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

/** Each station as a bar from the one before it, in the order that it was reached. */
function times(stations) {
  const reached = Object.entries(stations).sort((one, other) => one[1] - other[1]);
  if (reached.length === 0) return null;
  const whole = Math.max(reached.at(-1)[1], 0.001);
  let before = 0;
  const rows = reached.map(([name, seconds]) => {
    const bar = el("span", { class: "time-bar" });
    const from = Math.max(Math.min(before, seconds), 0);
    bar.style.marginLeft = `${(100 * from) / whole}%`;
    bar.style.width = `${(100 * Math.max(seconds - from, 0)) / whole}%`;
    before = Math.max(seconds, 0);
    return el(
      "tr",
      {},
      el("th", { scope: "row" }, tOr(`station.${name}`, name)),
      el("td", { class: "time-track" }, bar),
      el("td", { class: "number" }, t("history.seconds", { seconds: seconds.toFixed(3) })),
    );
  });
  return el("section", {}, el("h3", {}, t("history.times")), el("table", { class: "times" }, el("tbody", {}, ...rows)));
}

function facts(ask, when) {
  const values = {
    ...ask,
    utc: when,
    outcome: ask.outcome && tOr(`outcome.${ask.outcome}`, ask.outcome),
    origin: tOr(`origin.${ask.origin}`, ask.origin),
    frame_offset_s: ask.frame_offset_s === null ? null : t("history.seconds", { seconds: ask.frame_offset_s.toFixed(3) }),
    tokens: ask.tokens_in === null && ask.tokens_out === null ? null : `${ask.tokens_in ?? "–"} / ${ask.tokens_out ?? "–"}`,
  };
  const rows = FACTS.filter((name) => values[name] !== null && values[name] !== undefined && values[name] !== "").map((name) =>
    el("div", {}, el("dt", {}, t(`history.fact.${name}`)), el("dd", {}, String(values[name]))),
  );
  return el("section", {}, el("h3", {}, t("history.facts")), el("dl", { class: "facts" }, ...rows));
}
