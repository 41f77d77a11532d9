// How the board stands: what needs attention, its devices, its models, what is spent.

import { byId, el, fill, keep, setText } from "./dom.js";
import { ago, duration, number } from "./format.js";
import { t, tOr } from "./words.js";

const SHOWN = 8; // devices that are listed at once; those with trouble come first
const ORDER = ["failed", "waiting", "opening", "closed", "ready"];

/** Show a status. */
export function show(status) {
  showNotices(status);
  showDevices(status.devices);
  showEndpoints(status.endpoints, status.health);
  showSpend(status.budgets);
  setText(byId("version"), t("board.version", { version: status.version, time: duration(status.uptime_s) }));
}

function showNotices(status) {
  const { clock, outbox, journal, gateway } = status;
  const waiting = outbox?.waiting ?? 0;
  const notices = [
    status.state === "paused" && t("note.paused"),
    !clock.known && (clock.holds_up.length ? t("note.clock", { what: clock.holds_up.map((what) => tOr(`holds.${what}`, what)).join(", ") }) : t("note.clock_only")),
    waiting > 0 && [t("note.outbox", { n: waiting }), outbox.perhaps_sent ? t("note.perhaps", { n: outbox.perhaps_sent }) : ""].join(" "),
    journal.trouble && t("note.journal"),
    gateway && !gateway.listening && t("note.gateway", { listen: gateway.listen }),
  ].filter(Boolean);
  keep(byId("notices"), notices, (text) => text, (text) => el("p", { class: "note" }, text), () => {});
}

function showDevices(devices) {
  const ready = devices.filter((device) => device.state === "ready").length;
  setText(byId("devices-count"), devices.length ? t("board.devices_count", { ready, all: devices.length }) : t("board.devices_none"));
  const rank = (device) => ORDER.indexOf(device.state);
  const sorted = [...devices].sort((one, other) => rank(one) - rank(other));
  const rest = byId("devices-rest");
  const [summary, list] = rest.children;
  keepStates(byId("devices"), sorted.slice(0, SHOWN).map(deviceState));
  keepStates(list, sorted.slice(SHOWN).map(deviceState));
  rest.hidden = sorted.length <= SHOWN;
  setText(summary, t("board.devices_rest", { n: sorted.length - SHOWN }));
}

function deviceState({ name, driver, state, for_s: since, error }) {
  const level = { ready: "good", failed: "bad", waiting: "warn" }[state] ?? "still";
  const words = `${tOr(`state.${state}`, state)} · ${ago(since)}`;
  return { key: name, name, what: driver, level, words, error: state === "ready" ? "" : error };
}

function showEndpoints(endpoints, health) {
  const states = endpoints.map((url, at) => {
    const held = health.filter((one) => one.endpoint === url);
    const words = held.map(({ model, code, failures, rests_s: rests }) =>
      [
        model,
        tOr(`error.${code}`, code),
        failures > 1 && t("board.endpoint_failures", { n: failures }),
        rests && t("board.endpoint_rests", { time: duration(rests) }),
      ].filter(Boolean).join(" · "),
    );
    const name = url === "reader" ? t("board.reader") : url;
    return { key: `${at} ${url}`, name, what: "", level: held.length ? "warn" : "good", words: held.length ? "" : t("board.endpoint_fine"), error: words.join("; ") };
  });
  keepStates(byId("endpoints"), states);
}

function keepStates(list, states) {
  const make = () => el("li", {}, el("p", { class: "state-name" }, el("span"), el("span", { class: "soft small" })), el("p", { class: "state-words small" }), el("p", { class: "small warn" }));
  keep(list, states, (state) => state.key, make, (item, state) => {
    const [head, words, error] = item.children;
    item.dataset.level = state.level;
    setText(head.firstChild, state.name);
    setText(head.lastChild, state.what);
    setText(words, state.words);
    setText(error, state.error ?? "");
  });
}

function showSpend(budgets) {
  const parts = Object.entries(budgets).map(([span, kinds]) => {
    const rows = Object.entries(kinds).filter(([, { spent, limit }]) => limit !== null || spent > 0);
    if (rows.length === 0) rows.push(["asks", kinds.asks]);
    return el("div", {}, el("h3", {}, t(span === "hour" ? "board.hour" : "board.day")), el("ul", { class: "spend" }, ...rows.map(spendRow)));
  });
  const now = JSON.stringify([budgets, document.documentElement.lang]);
  const place = byId("spend");
  if (place.dataset.drawn === now) return;
  place.dataset.drawn = now;
  fill(place, ...parts);
}

function spendRow([what, { spent, limit }]) {
  const digits = what === "money" ? 4 : 0;
  const name = tOr(`spend.${what}`, what);
  const said = limit === null ? number(spent, digits) : t("board.of", { spent: number(spent, digits), limit: number(limit, digits) });
  const share = limit ? spent / limit : 0;
  const meter = limit !== null && el("meter", { min: 0, max: 1, high: 0.8, optimum: 0, value: Math.min(share, 1), "aria-label": name });
  return el("li", {}, el("span", {}, name), el("span", { class: "number" }, said), meter);
}
