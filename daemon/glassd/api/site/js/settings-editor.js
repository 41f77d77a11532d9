// The text of the settings as it is edited: numbers, marks and what is read-only beside the lines.

import { byId, el, fill } from "./dom.js";

/** Return which line of the text of before each line is, -1 for a new one: what both begin and end with is the same. */
export function lineage(before, now) {
  let top = 0;
  while (top < before.length && top < now.length && before[top] === now[top]) top++;
  let end = 0;
  while (end < before.length - top && end < now.length - top && before.at(-1 - end) === now.at(-1 - end)) end++;
  let next = top;
  return now.map((line, at) => {
    if (at < top) return at;
    if (at >= now.length - end) return before.length - (now.length - at);
    const same = before.indexOf(line, next);
    if (same < 0 || same >= before.length - end) return -1;
    next = same + 1;
    return same;
  });
}

/** The editor of the page: `changed` is called after each change of the text, `moved` with the cursor's line. */
export class Editor {
  #text = byId("text");
  #gutter = byId("gutter");
  #backdrop = byId("backdrop");
  #facts = []; // of each line of the text that was set
  #before = [];
  #wrong = new Set(); // lines with a mistake, from 0

  constructor({ changed, moved }) {
    this.#text.addEventListener("input", () => {
      this.#wrong = new Set();
      this.#draw();
      changed();
    });
    this.#text.addEventListener("scroll", () => this.#follow());
    for (const name of ["keyup", "click", "focus", "input"]) this.#text.addEventListener(name, () => moved(this.line));
  }

  /** The text, and its lines. */
  get text() {
    return this.#text.value;
  }

  get lines() {
    return this.text.split("\n");
  }

  /** The line of the cursor, from 0. */
  get line() {
    return this.text.slice(0, this.#text.selectionStart).split("\n").length - 1;
  }

  /** Set the text, with the facts of each of its lines. */
  set(text, facts) {
    const at = this.#text.selectionStart;
    this.#text.value = text;
    this.#text.setSelectionRange(Math.min(at, text.length), Math.min(at, text.length));
    this.#facts = facts;
    this.#before = text.split("\n");
    this.#wrong = new Set();
    this.#draw();
  }

  /** Exchange the text as if it had been typed. */
  type(lines) {
    this.#text.value = lines.join("\n");
    this.#text.dispatchEvent(new Event("input"));
  }

  /** Return the facts of a line as it was set; undefined for one that is new. */
  factsOf(line) {
    return this.#facts[lineage(this.#before, this.lines)[line]];
  }

  /** Mark the lines with mistakes; numbers from 1. */
  mark(numbers) {
    this.#wrong = new Set([...numbers].map((number) => number - 1));
    this.#draw();
  }

  /** Put the cursor on a line and column, from 1. */
  goTo(line, column = 1) {
    const lines = this.lines;
    const start = lines.slice(0, line - 1).reduce((sum, each) => sum + each.length + 1, 0);
    const at = Math.min(start + column - 1, start + (lines[line - 1] ?? "").length);
    this.#text.focus();
    this.#text.setSelectionRange(at, at);
    const height = this.#text.scrollHeight / Math.max(lines.length, 1);
    this.#text.scrollTop = Math.max((line - 4) * height, 0);
    this.#follow();
    this.#text.dispatchEvent(new Event("click"));
  }

  #draw() {
    const lines = this.lines;
    const from = lineage(this.#before, lines);
    const numbers = [];
    const rows = [];
    lines.forEach((_, at) => {
      const facts = this.#facts[from[at]];
      const wrong = this.#wrong.has(at);
      const locked = facts?.read_only != null;
      const fresh = from[at] < 0;
      const name = wrong ? "wrong" : fresh ? "fresh" : locked ? "locked" : facts?.origin === "page" ? "edited" : null;
      const mark = { wrong: "✕", fresh: "•", locked: "", edited: "•" }[name] ?? "";
      numbers.push(el("div", { class: name }, el("span", { class: "mark" }, mark), String(at + 1)));
      rows.push(el("div", { class: name }, "\u200b"));
    });
    fill(this.#gutter, ...numbers);
    fill(this.#backdrop, ...rows);
    this.#follow();
  }

  #follow() {
    const shift = `translateY(${-this.#text.scrollTop}px)`;
    for (const part of [this.#gutter, this.#backdrop]) for (const row of part.children) row.style.transform = shift;
  }
}
