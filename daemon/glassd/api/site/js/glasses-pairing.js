// Whether the board lets this browser in: a code from the link it was opened with, or typed, becomes a session once.

import { get, post } from "./api.js";

const ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"; // what a code is made of

export class Pairing {
  #code = null;
  trouble = null; // why a code did not help: "wrong" or "often"

  constructor() {
    this.#takeFromAddress();
    addEventListener("hashchange", () => this.#takeFromAddress() && this.onCode());
  }

  /** Called where a link with a code is opened in the page that is here already. */
  onCode() {}

  /** Take a code that was typed. */
  use(code) {
    this.#code = code;
  }

  /** Resolve to whether the board lets us in, after trying a code; reject where it cannot be reached. */
  async admitted() {
    if (this.#code !== null) {
      try {
        await post("/api/sessions", { code: this.#code }, { toSignIn: false });
        this.trouble = null;
      } catch (error) {
        if (error.status === 0) throw error; // the code is still good
        this.trouble = error.status === 429 ? "often" : "wrong";
      }
      this.#code = null;
      if (this.trouble === null) return true;
    }
    return (await get("/api/sessions/current", { toSignIn: false })).scope !== null;
  }

  /** Keep a code out of the address at once: addresses are kept, shared and shown. */
  #takeFromAddress() {
    const code = new URLSearchParams(location.hash.slice(1)).get("code");
    if (location.hash !== "") history.replaceState(history.state, "", location.pathname + location.search);
    if (code) this.#code = code;
    return Boolean(code);
  }
}

/** Let a field for a code be filled with nothing but arrows: up and down turn the letter before the caret. */
export function turnLetters(field) {
  field.addEventListener("keydown", (event) => {
    const by = { ArrowUp: 1, ArrowDown: -1 }[event.key];
    if (event.key === "ArrowRight" && field.selectionStart === field.value.length) field.value += ALPHABET[0];
    if (by === undefined) return;
    event.preventDefault();
    const at = Math.max(field.selectionStart, 1);
    const now = ALPHABET.indexOf((field.value[at - 1] ?? "").toLowerCase());
    const next = now < 0 ? (by > 0 ? 0 : ALPHABET.length - 1) : (now + by + ALPHABET.length) % ALPHABET.length;
    field.value = field.value.slice(0, at - 1) + ALPHABET[next] + field.value.slice(at);
    field.setSelectionRange(at, at);
  });
}
