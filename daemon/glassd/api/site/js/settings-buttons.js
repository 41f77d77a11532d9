// What the buttons do: press one, see what it is named and does, choose something else; it goes into the text.

import { byId, el, fill, setText } from "./dom.js";
import { listen } from "./events.js";
import { triggersOf, withTrigger } from "./settings-triggers.js";
import { t } from "./words.js";

const GESTURES = ["press", "double", "triple", "long"];

/** The panel; it hears the buttons of the glasses for as long as the page is there. */
export class ButtonPanel {
  #editor;
  #commands = [];
  #button = null;
  #known = new Set();

  constructor(editor) {
    this.#editor = editor;
    listen({
      edge: (edge) => {
        if (edge.kind === "down") this.#choose(edge.button);
      },
      status: (status) => {
        for (const name of Object.keys(status.buttons)) this.#known.add(name);
        this.draw();
      },
    });
  }

  /** Take in which commands there are. */
  know(commands) {
    this.#commands = commands;
    this.draw();
  }

  #choose(button) {
    this.#known.add(button);
    this.#button = button;
    this.draw();
    setText(byId("pressed"), t("settings.pressed", { button }));
  }

  /** Show it as the text has it now. */
  draw() {
    fill(
      byId("known"),
      ...[...this.#known].sort().map((name) => {
        const pressed = String(name === this.#button);
        return el("button", { type: "button", "aria-pressed": pressed, click: () => this.#choose(name) }, name);
      }),
    );
    if (this.#button === null) return;
    const triggers = triggersOf(this.#editor.lines);
    if (triggers === null) {
      fill(byId("gestures"), el("p", { class: "warn" }, t("settings.not_plain")));
      return;
    }
    if (byId("gestures").contains(document.activeElement)) return; // what is being chosen stays
    fill(byId("gestures"), ...GESTURES.map((gesture) => this.#gesture(gesture, triggers)));
  }

  #gesture(gesture, triggers) {
    const when = `${this.#button} ${gesture}`;
    const now = triggers.find((trigger) => trigger.when.trim().split(/\s+/).join(" ") === when);
    const does = el("select", {}, ...this.#choices());
    does.value = now === undefined ? "" : now.do === undefined ? "ask" : `do ${now.do}`;
    const question = el("input", { type: "text", maxlength: 2000, "aria-label": t("settings.question") });
    question.value = now?.ask ?? "";
    const write = el("button", { type: "button" }, t("settings.put"));
    const follow = () => {
      question.hidden = does.value !== "ask";
      write.disabled = does.value === "ask" && question.value.trim() === "";
    };
    does.addEventListener("change", follow);
    question.addEventListener("input", follow);
    write.addEventListener("click", () => this.#put(when, wanted(does.value, question.value)));
    follow();
    return el(
      "div",
      { class: "gesture" },
      el("label", {}, el("span", {}, t(`settings.${gesture}`)), does),
      question,
      write,
    );
  }

  #choices() {
    const choice = (value, text) => el("option", { value }, text);
    return [
      choice("", t("settings.does_nothing")),
      choice("ask", t("settings.asks")),
      ...this.#commands.map((command) => choice(`do ${command}`, command)),
    ];
  }

  #put(when, wanted) {
    document.activeElement?.blur();
    this.#editor.type(withTrigger(this.#editor.lines, when, wanted));
    setText(byId("pressed"), t("settings.written"));
  }
}

function wanted(value, question) {
  if (value === "") return null;
  return value === "ask" ? { ask: question.trim() } : { do: value.slice(3) };
}
