// The settings: the config as one text, checked while it is typed, applied as a whole; and what tries it out.

import { ApiError, get, post } from "./api.js";
import { byId, el, fill, setText } from "./dom.js";
import { showHeader } from "./header.js";
import { ButtonPanel } from "./settings-buttons.js";
import { Editor } from "./settings-editor.js";
import { Help } from "./settings-help.js";
import { Trials } from "./settings-trials.js";
import { addWords, onLanguage, t } from "./words.js";
import words from "./words-settings.js";

const TYPING_MS = 500; // after the last key, before it is checked

addWords(words);
await showHeader();

let now = null; // the settings as the board has them
let found = null; // what the newest check of the text found; null before it
let turn = 0; // of several checks under way the newest counts
let timer = 0;

const help = new Help();
const editor = new Editor({ changed, moved: showHelp });
const buttons = new ButtonPanel(editor);
const trials = new Trials();

byId("apply").addEventListener("click", apply);
byId("discard").addEventListener("click", () => show(now));
byId("reload").addEventListener("click", read);
byId("reset").addEventListener("click", () => takeBack([]));
addEventListener("beforeunload", (event) => {
  if (dirty()) event.preventDefault();
});
onLanguage(() => {
  if (now === null) return;
  drawEdits();
  drawFound();
  buttons.draw();
  trials.draw();
  showHelp(editor.line);
});

read();

async function read() {
  try {
    show(await get("/api/settings"));
    byId("reload").hidden = true;
    trials.read();
  } catch (error) {
    fail(error);
    byId("reload").hidden = false;
  }
}

function show(settings) {
  now = settings;
  found = null;
  turn++;
  clearTimeout(timer);
  help.know(settings);
  editor.set(settings.text, settings.lines);
  buttons.know(settings.commands);
  byId("trouble").hidden = settings.trouble === "";
  byId("trouble").textContent = settings.trouble;
  drawEdits();
  drawFound();
  showHelp(editor.line);
}

function dirty() {
  return now !== null && editor.text !== now.text;
}

function changed() {
  clearTimeout(timer);
  found = null;
  turn++;
  drawFound();
  buttons.draw();
  if (dirty()) timer = setTimeout(check, TYPING_MS);
}

async function check() {
  const mine = ++turn;
  try {
    const answer = await post("/api/settings/check", { text: editor.text });
    if (mine !== turn) return;
    found = answer;
    editor.mark(found.mistakes.map((mistake) => mistake.line));
    drawFound();
  } catch (error) {
    if (mine === turn) fail(error);
  }
}

function drawFound() {
  const mistakes = found?.mistakes ?? [];
  const changes = found?.changes ?? [];
  byId("mistakes-panel").hidden = mistakes.length === 0;
  fill(byId("mistakes"), ...mistakes.map(mistakeItem));
  byId("changes-panel").hidden = changes.length === 0 && !found?.warnings.length;
  fill(byId("changes"), ...changes.map((change) => el("li", {}, ...changeWords(change))));
  fill(byId("warnings"), ...(found?.warnings ?? []).map((warning) => el("li", {}, warning)));
  byId("apply").disabled = found === null || mistakes.length > 0 || changes.length === 0;
  byId("discard").disabled = !dirty();
  if (!dirty()) verdict(t("settings.nothing"));
  else if (found === null) verdict(t("settings.checking"));
  else if (mistakes.length) verdict(mistakes.length === 1 ? t("settings.bad_one") : t("settings.bad", { count: mistakes.length }), "bad");
  else verdict(changes.length ? t("settings.good", { count: changes.length }) : t("settings.same"));
}

function mistakeItem(mistake) {
  const place = t("settings.line", { line: mistake.line });
  const go = () => editor.goTo(mistake.line, mistake.column);
  return el("li", {}, el("button", { type: "button", class: "quiet mistake", click: go }, el("strong", {}, place), ` ${mistake.path}: ${mistake.text}`));
}

function changeWords({ path, before, after }) {
  return [
    el("code", {}, path.join(".")),
    " ",
    el("del", {}, shown(before, "settings.none")),
    " → ",
    el("ins", {}, shown(after, "settings.gone")),
  ];
}

function shown(value, none) {
  if (value === null) return t(none);
  return typeof value === "string" ? value : JSON.stringify(value);
}

function drawEdits() {
  byId("reset").hidden = now.edits.length === 0;
  if (now.edits.length === 0) {
    fill(byId("edits"), el("li", { class: "soft" }, t("settings.no_edits")));
    return;
  }
  fill(
    byId("edits"),
    ...now.edits.map((edit) => {
      const path = edit.path.join(".");
      const back = { type: "button", "aria-label": t("settings.take_back_one", { path }), click: () => takeBack(edit.path) };
      return el("li", { class: "edit" }, el("span", {}, ...changeWords(edit)), el("button", back, t("settings.take_back")));
    }),
  );
}

async function apply() {
  byId("apply").disabled = true;
  await change("/api/settings", { text: editor.text, version: now.version }, (changed) =>
    changed.length ? t("settings.applied_what", { changed: changed.join(", ") }) : t("settings.applied"),
  );
}

async function takeBack(path) {
  await change("/api/settings/reset", { version: now.version, path }, () => t("settings.taken_back"));
}

async function change(where, body, say) {
  try {
    const answer = await post(where, body);
    await read();
    verdict(say(answer.changed));
  } catch (error) {
    if (error instanceof ApiError && error.status === 409) {
      verdict(t("settings.conflict"), "bad");
      byId("reload").hidden = false;
    } else {
      fail(error);
    }
  }
}

function showHelp(line) {
  help.show(editor.lines, line, editor.factsOf(line));
}

function verdict(text, kind = "") {
  byId("verdict").className = kind;
  setText(byId("verdict"), text);
}

function fail(error) {
  if (!(error instanceof ApiError)) throw error;
  verdict([error.message, ...error.details].join("\n"), "bad");
}
