// The page's words in Chinese and English. A page adds its own table; which language it is, the browser keeps.

import common from "./words-common.js";

const PLACE = "glassd.language";
const LANGUAGES = ["zh", "en"];
const ATTRIBUTES = { "data-t-label": "aria-label", "data-t-placeholder": "placeholder", "data-t-title": "title" };

const table = new Map();
const listeners = new Set();
let language = chosen();

addWords(common);
document.documentElement.lang = htmlLang();

/** Take in a table: `{"board.hud": ["眼镜上", "On the glasses"], …}`. */
export function addWords(words) {
  for (const [key, both] of Object.entries(words)) table.set(key, both);
}

/** Return a key's words; `{name}` in them gives way to `values.name`. */
export function t(key, values = {}) {
  const both = table.get(key);
  if (both === undefined) throw new Error(`no words for ${key}`);
  return both[LANGUAGES.indexOf(language)].replace(/\{(\w+)\}/g, (_, name) => String(values[name] ?? ""));
}

/** Return the words of a key that came from the board, and `otherwise` where a newer board says what is not known. */
export function tOr(key, otherwise) {
  return table.has(key) ? t(key) : otherwise;
}

/** Return the language: zh or en. */
export function currentLanguage() {
  return language;
}

/** Return it as the browser's own formats name it. */
export function locale() {
  return htmlLang();
}

/** Set the language, for this browser, and the words of the page in it. */
export function setLanguage(wanted) {
  language = LANGUAGES.includes(wanted) ? wanted : "en";
  try {
    localStorage.setItem(PLACE, language);
  } catch {
    // Private windows keep nothing: then the choice is this page's.
  }
  document.documentElement.lang = htmlLang();
  translate();
  for (const listener of listeners) listener();
}

/** Call a function after each change of the language: for what is not in the page's HTML. */
export function onLanguage(listener) {
  listeners.add(listener);
}

/** Put the words into all that has `data-t` (its text) or `data-t-label`, `-placeholder`, `-title` (an attribute). */
export function translate(root = document) {
  for (const element of root.querySelectorAll("[data-t]")) element.textContent = t(element.dataset.t);
  for (const [from, to] of Object.entries(ATTRIBUTES)) {
    for (const element of root.querySelectorAll(`[${from}]`)) element.setAttribute(to, t(element.getAttribute(from)));
  }
}

function htmlLang() {
  return language === "zh" ? "zh-CN" : "en";
}

function chosen() {
  let kept = null;
  try {
    kept = localStorage.getItem(PLACE);
  } catch {
    // As above.
  }
  if (LANGUAGES.includes(kept)) return kept;
  return (navigator.languages ?? []).some((name) => /^zh\b/i.test(name)) ? "zh" : "en";
}
