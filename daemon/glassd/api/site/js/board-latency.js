// How long answers take, over the asks that the journal keeps: half of them, and 95 of a hundred, as time goes on.

import { ApiError, get } from "./api.js";
import { byId, el, fill, setText } from "./dom.js";
import { duration, when } from "./format.js";
import { drawPlot } from "./plot.js";
import { t } from "./words.js";

const ASKS = 500; // as many as one answer of the history holds
const STEPS_LIMIT = 24;
const STEP_ASKS = 5; // asks a step at least: of fewer, 95 of a hundred say nothing
const SOON_MS = 5_000; // an answer changes little in a plot of hundreds
const LINES = ["first50", "first95", "done50", "done95"];

let asks = [];
let timer = 0;

/** Read the history anew. */
export async function read() {
  clearTimeout(timer);
  timer = 0;
  try {
    asks = (await get(`/api/history?limit=${ASKS}`)).asks.filter(isWhole).reverse();
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    if (error.code === "busy") timer = setTimeout(read, SOON_MS); // the journal is being opened
    asks = [];
  }
  redraw();
}

/** Read it before long, once however many asks end until then. */
export function readSoon() {
  timer ||= setTimeout(read, asks.length ? SOON_MS : 500);
}

/** Draw what was read. */
export function redraw() {
  byId("no-latency").hidden = asks.length > 0;
  byId("latency").hidden = asks.length === 0;
  setText(byId("latency-count"), asks.length ? t("board.latency_count", { n: asks.length }) : "");
  if (asks.length === 0) return;
  const steps = stepsOf(asks);
  const all = summary(asks);
  const pair = (name, half, most) => [el("dt", {}, t(name)), el("dd", {}, t("board.half", { time: said(half) }), el("br"), t("board.most", { time: said(most) }))];
  fill(byId("latency-numbers"), el("div", {}, ...pair("latency.first", all.first50, all.first95)), el("div", {}, ...pair("latency.done", all.done50, all.done95)));
  draw(steps);
  fill(byId("plot-names"), ...LINES.map((name) => el("li", { class: `plot-name plot-${name}` }, t(`latency.${name}`))));
  fill(byId("latency-table"), head(), el("tbody", {}, ...steps.map(row)));
}

/** Return the asks in steps of as many each, oldest first, each with its percentiles. */
export function stepsOf(all) {
  const count = Math.max(1, Math.min(STEPS_LIMIT, Math.floor(all.length / STEP_ASKS)));
  return Array.from({ length: count }, (_, step) =>
    summary(all.slice(Math.round((step * all.length) / count), Math.round(((step + 1) * all.length) / count))),
  );
}

/** Return the value that a share of the values is not above (nearest rank); null of none. */
export function percentile(values, share) {
  const sorted = [...values].sort((one, other) => one - other);
  return sorted.length ? sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] : null;
}

/** Tell an ask that was answered to its end: how long a failure took is another matter. */
function isWhole(ask) {
  return ask.outcome === "finished" && ask.times_s?.first_delta >= 0 && ask.times_s.done >= 0;
}

function summary(some) {
  const first = some.map((ask) => ask.times_s.first_delta);
  const done = some.map((ask) => ask.times_s.done);
  return {
    count: some.length,
    utc: some[0].utc,
    first50: percentile(first, 0.5),
    first95: percentile(first, 0.95),
    done50: percentile(done, 0.5),
    done95: percentile(done, 0.95),
  };
}

function draw(steps) {
  const lines = LINES.map((name) => ({ name, values: steps.map((step) => step[name]) }));
  drawPlot(byId("plot"), lines, { label: duration, ends: [date(asks[0].utc), date(asks.at(-1).utc)] });
}

function head() {
  const names = ["latency.when", "latency.asks", ...LINES.map((name) => `latency.${name}`)];
  return el("thead", {}, el("tr", {}, ...names.map((name) => el("th", { scope: "col" }, t(name)))));
}

function row(step) {
  return el("tr", {}, el("th", { scope: "row" }, date(step.utc)), el("td", {}, step.count), ...LINES.map((name) => el("td", { class: "number" }, said(step[name]))));
}

function said(seconds) {
  return seconds === null ? "–" : duration(seconds);
}

function date(utc) {
  return utc ? when(utc) : t("latency.no_date");
}

new ResizeObserver(() => {
  if (asks.length) draw(stepsOf(asks));
}).observe(byId("plot").parentElement);
