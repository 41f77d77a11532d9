// The history: what is kept of the asks, found, looked at, exported and deleted.

import { ApiError, get, lines, post } from "./api.js";
import { byId, el, fill, keep, setText } from "./dom.js";
import { duration, when } from "./format.js";
import { showHeader } from "./header.js";
import { showAsk } from "./history-ask.js";
import { confirmed } from "./history-confirm.js";
import { addWords, onLanguage, t, tOr } from "./words.js";
import askWords from "./words-asks.js";
import errorWords from "./words-errors.js";
import words from "./words-history.js";

const PAGE = 30;
const TYPING_MS = 300; // after the last key, before it is searched for
const HOUR_S = 3600;
const SINCE = { any: 0, hour: HOUR_S, day: 24 * HOUR_S, week: 7 * 24 * HOUR_S, month: 30 * 24 * HOUR_S };
const ORIGINS = ["button", "scene", "interval", "time", "start", "api", "cli", "gateway"];

addWords(askWords);
addWords(errorWords);
addWords(words);
await showHeader();

let asks = [];
let chosen = new Set();
let whole = true; // nothing older is there
let turn = 0; // of several searches under way the newest counts
let kept = null; // what the journal keeps

byId("search").addEventListener("submit", (event) => {
  event.preventDefault();
  search();
});
let typing = 0;
byId("text").addEventListener("input", () => {
  clearTimeout(typing);
  typing = setTimeout(search, TYPING_MS);
});
for (const id of ["since", "origin", "failed", "all"]) byId(id).addEventListener("change", search);
byId("more").addEventListener("click", more);
byId("export").addEventListener("click", save);
byId("delete").addEventListener("click", () => remove([...chosen]));
byId("forget").addEventListener("click", forget);
addEventListener("hashchange", openLinked);
onLanguage(() => {
  options();
  draw();
  tellKept();
});

options();
search();
tellJournal();
openLinked();

function options() {
  choices(byId("since"), Object.keys(SINCE).map((name) => [name, t(`history.${name}`)]));
  choices(byId("origin"), [["", t("history.anyone")], ...ORIGINS.map((name) => [name, t(`origin.${name}`)])]);
}

function choices(select, pairs) {
  const value = select.value;
  fill(select, ...pairs.map(([name, text]) => el("option", { value: name }, text)));
  select.value = pairs.some(([name]) => name === value) ? value : pairs[0][0];
}

function query() {
  const wanted = {};
  const text = byId("text").value.trim();
  if (text !== "") wanted.text = text;
  const back = SINCE[byId("since").value];
  if (back) wanted.since = Math.floor(Date.now() / 1000) - back;
  if (byId("origin").value) wanted.origin = byId("origin").value;
  if (byId("failed").checked) wanted.failed = true;
  if (byId("all").checked) wanted.all = true;
  return wanted;
}

async function search() {
  clearTimeout(typing);
  chosen = new Set();
  await read(query());
}

async function more() {
  await read({ ...query(), before: asks.at(-1).number }, asks);
  byId("asks").children[asks.length - 1]?.scrollIntoView({ block: "nearest" });
}

async function read(wanted, before = []) {
  const mine = ++turn;
  try {
    const found = (await get(`/api/history?${new URLSearchParams({ limit: PAGE, ...wanted })}`)).asks;
    if (mine !== turn) return;
    asks = [...before, ...found];
    whole = found.length < PAGE;
    tell(asks.length === 0 ? "" : t(whole ? "history.count" : "history.count_more", { count: asks.length }));
    draw();
  } catch (error) {
    if (mine === turn) fail(error);
  }
}

function draw() {
  keep(byId("asks"), asks, (ask) => ask.number, makeAsk, updateAsk);
  byId("more").hidden = whole;
  const filtered = Object.keys(query()).some((name) => name !== "all");
  byId("empty").hidden = asks.length > 0;
  byId("empty").textContent = t(kept?.keep === "off" ? "history.off" : filtered ? "history.none_found" : "history.empty");
  drawChosen();
}

function makeAsk() {
  const box = el("input", { type: "checkbox" });
  const item = el("li", { class: "ask" }, el("label", { class: "ask-choose" }, box), el("a", { class: "ask-open" }));
  box.addEventListener("change", () => {
    const number = Number(item.dataset.key);
    if (box.checked) chosen.add(number);
    else chosen.delete(number);
    drawChosen();
  });
  return item;
}

function updateAsk(item, ask) {
  const [label, link] = item.children;
  label.firstElementChild.checked = chosen.has(ask.number);
  label.firstElementChild.setAttribute("aria-label", t("history.choose", { number: ask.number }));
  link.href = `#${ask.number}`;
  const facts = [date(ask), tOr(`origin.${ask.origin}`, ask.origin)];
  if (ask.times_s.done !== undefined) facts.push(duration(ask.times_s.done));
  if (ask.pictures) facts.push(ask.pictures === 1 ? t("history.photo") : t("history.photos", { count: ask.pictures }));
  fill(
    link,
    el("span", { class: "ask-top" }, badge(ask), el("span", { class: "soft small number" }, facts.join(" · "))),
    said("ask-prompt", ask.prompt, "history.not_kept"),
    ask.prompt === null && ask.answer === null ? null : said("ask-answer", ask.answer, "history.no_answer"),
  );
}

function said(name, text, otherwise) {
  return text ? el("span", { class: name }, text) : el("span", { class: `${name} soft` }, t(otherwise));
}

function badge(ask) {
  const outcome = ask.outcome ?? "under_way";
  const code = ask.code ? ` · ${ask.code}` : "";
  return el("span", { class: "badge", "data-outcome": outcome }, tOr(`ask.${outcome}`, outcome) + code);
}

function date(ask) {
  return ask.utc === null ? t("history.no_date") : when(ask.utc);
}

function drawChosen() {
  byId("delete").disabled = chosen.size === 0;
  byId("delete").textContent = chosen.size ? t("history.delete", { count: chosen.size }) : t("history.delete_none");
  byId("export").disabled = asks.length === 0;
  byId("forget").disabled = asks.length === 0;
}

async function openLinked() {
  const number = location.hash.slice(1);
  if (!/^([0-9]+|[a-z]+-[0-9]+)$/.test(number)) return; // its number, or its id
  const everybody = byId("all").checked;
  try {
    const ask = await get(`/api/history/${number}?all=${everybody}`);
    showAsk(ask, { when: date(ask), badge: badge(ask), everybody, remove: () => remove([ask.number]), closed });
  } catch (error) {
    closed();
    if (error instanceof ApiError && error.status === 404) tell(t("history.gone"));
    else fail(error);
  }
}

function closed() {
  const number = location.hash.slice(1);
  history.replaceState(null, "", location.pathname + location.search);
  document.querySelector(`#asks [data-key="${CSS.escape(number)}"] a`)?.focus();
}

async function remove(numbers) {
  if (!(await confirmed(t("history.confirm_some", { count: numbers.length })))) return;
  await change("/api/history/delete", { asks: numbers, all: byId("all").checked });
}

async function forget() {
  const everybody = byId("all").checked;
  if (!(await confirmed(t(everybody ? "history.confirm_everybody" : "history.confirm_all")))) return;
  await change("/api/history/forget", { all: everybody });
}

async function change(path, body) {
  try {
    const { deleted } = await post(path, body);
    if (byId("ask").open) byId("ask").close();
    await search();
    tell(t("history.deleted", { count: deleted }));
  } catch (error) {
    fail(error);
  }
}

/** Save what is searched for, all of it, as JSON lines. */
async function save() {
  const parts = [];
  try {
    for await (const ask of lines("/api/history/export", query())) parts.push(`${JSON.stringify(ask)}\n`);
  } catch (error) {
    fail(error);
    return;
  }
  const url = URL.createObjectURL(new Blob(parts, { type: "application/x-ndjson" }));
  el("a", { href: url, download: "glassd-history.jsonl" }).click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
  tell(t("history.exported", { count: parts.length }));
}

async function tellJournal() {
  try {
    kept = (await get("/api/status")).journal;
  } catch (error) {
    fail(error);
    return;
  }
  tellKept();
  draw();
}

function tellKept() {
  if (kept === null) return;
  const told = kept.trouble ? [t("history.trouble")] : [];
  if (kept.keep !== "text") told.push(t(`history.${kept.keep}`));
  byId("kept").hidden = told.length === 0;
  byId("kept").textContent = told.join(" ");
}

function tell(text) {
  byId("told").classList.remove("bad");
  setText(byId("told"), text);
}

function fail(error) {
  if (!(error instanceof ApiError)) throw error;
  byId("told").classList.add("bad");
  setText(byId("told"), error.message);
}
