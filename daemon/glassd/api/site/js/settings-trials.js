// What tries the settings out: a question to each model, a picture of the camera.

import { ApiError, get, post } from "./api.js";
import { byId, el, fill, setText } from "./dom.js";
import { currentLanguage, t } from "./words.js";

const LATE_MS = 120_000; // an answer may take as long as its deadlines let it

/** The two panels. */
export class Trials {
  #urls = [];
  #picture = null;

  constructor() {
    byId("snap").addEventListener("click", () => this.#snap());
  }

  /** Read which endpoints there are. */
  async read() {
    try {
      this.#urls = (await get("/api/status")).endpoints;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
    }
    this.draw();
  }

  /** Show the endpoints, untried. */
  draw() {
    fill(byId("endpoints"), ...this.#urls.map((url, at) => this.#endpoint(url, at + 1)));
  }

  #endpoint(url, number) {
    const said = el("p", { class: "small", role: "status" });
    const button = el("button", { type: "button", "aria-label": t("settings.try_one", { name: url }) }, t("settings.try"));
    button.addEventListener("click", async () => {
      button.disabled = true;
      said.className = "small soft";
      setText(said, t("settings.trying"));
      try {
        const told = await post("/api/settings/test-endpoint", { endpoint: number }, { limitMs: LATE_MS });
        said.className = told.outcome === "finished" ? "small" : "small bad";
        setText(said, words(told));
      } catch (error) {
        if (!(error instanceof ApiError)) throw error;
        said.className = "small bad";
        setText(said, error.message);
      }
      button.disabled = false;
    });
    return el("li", { class: "endpoint" }, el("code", {}, url), button, said);
  }

  async #snap() {
    const said = byId("snapped");
    said.className = "small soft";
    setText(said, t("settings.snapping"));
    try {
      const answer = await fetch("/api/snapshot", { cache: "no-store" });
      if (!answer.ok) throw new ApiError(answer.status, "", (await answer.json()).error.message);
      await this.#show(await answer.blob());
    } catch (error) {
      if (!(error instanceof ApiError) && !(error instanceof TypeError)) throw error;
      said.className = "small bad";
      setText(said, error instanceof ApiError ? error.message : t("site.unreachable"));
    }
  }

  async #show(blob) {
    if (this.#picture !== null) URL.revokeObjectURL(this.#picture);
    this.#picture = URL.createObjectURL(blob);
    const image = byId("picture");
    image.src = this.#picture;
    image.alt = t("settings.picture");
    image.hidden = false;
    await image.decode();
    const size = { width: image.naturalWidth, height: image.naturalHeight, kb: Math.ceil(blob.size / 1024) };
    setText(byId("snapped"), t("settings.snapped", size));
  }
}

function words(told) {
  const { first_delta: first, done } = told.timings;
  if (told.outcome === "finished") {
    const parts = [t("settings.answered", { seconds: (done ?? 0).toFixed(1), text: told.text })];
    if (first !== null) parts.push(t("settings.first_word", { seconds: first.toFixed(1) }));
    return parts.join("\n");
  }
  const lines = told.lines[currentLanguage()] ?? [t("settings.no_answer")];
  return [lines.join(" "), told.message].filter(Boolean).join("\n");
}
