// What the key at the cursor means, where its value is from, and why it cannot be changed here, if so.

import { byId, el, fill, setText } from "./dom.js";
import { t, tOr } from "./words.js";
import { pathAt } from "./settings-yaml.js";

/** The panel beside the text, and the line below it. */
export class Help {
  #help = {};
  #reasons = {};

  /** Take in what the board says of the keys. */
  know({ help, reasons }) {
    this.#help = help;
    this.#reasons = reasons;
  }

  /** Show the help for a line; `facts` are what the board says of it, undefined for one that is new. */
  show(lines, line, facts) {
    const path = pathAt(lines, line);
    setText(byId("here"), [t("settings.line", { line: line + 1 }), path.join("."), from(facts)].filter(Boolean).join(" · "));
    if (path.length === 0) {
      fill(byId("help"), el("p", { class: "soft" }, t("settings.help_none")));
      return;
    }
    const known = this.#find(path);
    const reason = facts?.read_only;
    fill(
      byId("help"),
      el("p", {}, el("code", {}, path.join("."))),
      el("p", {}, known?.text || t("settings.unknown")),
      reason ? el("p", { class: "warn" }, tOr(`reason.${reason}`, this.#reasons[reason] ?? reason)) : null,
      el("p", { class: "soft small" }, from(facts)),
      this.#others(path),
    );
  }

  #find(path) {
    for (let length = path.length; length > 0; length--) {
      const found = this.#help[this.#name(path.slice(0, length))];
      if (found !== undefined) return found;
    }
    return undefined;
  }

  /** Return the name that the help has for a path: devices by their number, the items of other lists by `*`. */
  #name(path) {
    const exact = path.join(".");
    return exact in this.#help ? exact : path.map((key) => (typeof key === "number" ? "*" : key)).join(".");
  }

  /** Return the keys that may stand beside this one. */
  #others(path) {
    const numbered = path.slice(0, -1).join(".");
    const starred = path.slice(0, -1).map((key) => (typeof key === "number" ? "*" : key)).join(".");
    const names = new Set();
    for (const name of Object.keys(this.#help)) {
      for (const above of [numbered, starred]) {
        const rest = above === "" ? name : name.startsWith(`${above}.`) ? name.slice(above.length + 1) : null;
        if (rest !== null && rest !== "*" && !rest.includes(".")) names.add(rest);
      }
    }
    if (names.size < 2) return null;
    const list = [...names].map((name) => el("li", {}, el("code", {}, name)));
    return el("details", {}, el("summary", {}, t("settings.help_more")), el("ul", { class: "names" }, ...list));
  }
}

function from(facts) {
  if (facts === undefined) return t("settings.typed");
  if (facts.origin === "page") return t("settings.from_page");
  if (facts.origin.startsWith("command line:")) return t("settings.from_command_line");
  return facts.origin && t("settings.origin", { origin: facts.origin });
}
