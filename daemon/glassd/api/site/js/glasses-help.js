// What a person is told beside the screen: how the connection stands, and what is missing and how to give it.

import { byId, el, fill, setText } from "./dom.js";
import { t } from "./words.js";

const GRACE_MS = 1000; // a connection that is back by then was never missed

/** The notice in two lines, with the field for a code where the board wants one. */
export class Notice {
  #timer = 0;
  #now = ["connecting", ""];

  /** Show how the connection stands: a state of the link, its detail, and what was wrong with a code. */
  show(state, detail = "", trouble = null) {
    this.#now = [state, detail, trouble];
    clearTimeout(this.#timer);
    if (state === "connecting" && byId("notice").hidden) this.#timer = setTimeout(() => this.write(), GRACE_MS);
    else this.write();
  }

  /** Put it into the page, in the page's language. */
  write() {
    const [state, detail, trouble] = this.#now;
    const notice = byId("notice");
    const wasHidden = byId("pairing").hidden;
    byId("pairing").hidden = state !== "unpaired";
    notice.hidden = state === "open";
    if (state === "open") return fill(byId("told"));
    const lines = [t(`glasses.${state}`), t(`glasses.${state}.do`), detail].filter(Boolean);
    const told = lines.join("\n");
    if (byId("told").dataset.told !== told) fill(byId("told"), ...lines.map((line) => el("p", {}, line)));
    byId("told").dataset.told = told;
    setText(byId("trouble"), trouble === null ? "" : t(`glasses.pair.${trouble}`));
    if (state === "unpaired" && wasHidden) byId("code").focus();
  }
}

/** What is missing. It goes with the next press, and comes back when something else is missing. */
export class Help {
  #keys = [];

  /** Show these keys of words; nothing where there are none. */
  show(keys) {
    if (keys.join() === this.#keys.join()) return;
    this.#keys = keys;
    this.write();
  }

  /** Put it into the page, in the page's language. */
  write() {
    byId("help").hidden = this.#keys.length === 0;
    fill(byId("missing"), ...this.#keys.map((key) => el("li", {}, t(key))));
  }

  /** It has been read. */
  dismiss() {
    byId("help").hidden = true;
  }
}
