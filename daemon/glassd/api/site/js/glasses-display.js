// The screen, as large as the page lets it be, in the profile's look; `painted(id)` once a person can see it.

import { setText } from "./dom.js";
import { drawScreen, screenText } from "./screen.js";
import { t } from "./words.js";

const SAME_SHAPE = 0.02; // how far the page's shape may be from the profile's and still be that display's own
const WITH_MARGIN = 0.95; // of a window that is no display of glasses
const SETTLED = ["done", "cut_off", "error", "idle"];
const EMPTY = { lines: [], page: 1, pages: 1, mark: "idle", camera: false, warning: false, signs: [] };

/** Draws screens: the newest at each repaint, and at once where nothing is painted because the page is hidden. */
export class Display {
  #element;
  #spoken;
  #painted;
  #profile = null;
  #screen = null;
  #request = 0;

  /** `element` is drawn into, `spoken` is a live region for those who listen. */
  constructor(element, spoken, painted) {
    this.#element = element;
    this.#spoken = spoken;
    this.#painted = painted;
    addEventListener("resize", () => this.#draw());
    document.addEventListener("visibilitychange", () => document.hidden && this.#request && this.#paint());
  }

  /** Take note of the profile that screens are laid out for; null where this page is no display. */
  use(profile) {
    this.#profile = profile;
    this.#element.hidden = profile === null;
    this.#draw();
  }

  /** Show a screen of the board's in place of the one before. */
  show(screen) {
    this.#screen = screen;
    if (document.hidden) this.#paint();
    else this.#request ||= requestAnimationFrame(() => this.#paint());
  }

  #paint() {
    cancelAnimationFrame(this.#request);
    this.#request = 0;
    const { id } = this.#screen;
    this.#draw();
    this.#speak(this.#screen);
    if (document.hidden) this.#painted(id);
    else setTimeout(() => this.#painted(id)); // after the repaint that has just begun
  }

  /** Draw what there is, as large as it goes: its height follows from its width. */
  #draw() {
    if (this.#profile === null) return;
    const whole = this.#isOwnShape;
    drawScreen(this.#element, this.#screen ?? EMPTY, this.#profile, { whole });
    this.#element.style.width = whole ? "100%" : `${100 * WITH_MARGIN}%`;
    const { width, height } = this.#element.getBoundingClientRect();
    const room = innerHeight * (whole ? 1 : WITH_MARGIN);
    if (height > room) this.#element.style.width = `${(width * room) / height}px`;
  }

  /** Say what has come to rest, and of what grows only that it does: nobody can listen to every word anew. */
  #speak(screen) {
    const isSettled = SETTLED.includes(screen.mark);
    const text = screen.lines.some((line) => line.trim()) ? screenText(screen) : "";
    setText(this.#spoken, isSettled ? text : t(`mark.${screen.mark}`));
  }

  /** On a display of the profile's own shape its safe area stays where it is; elsewhere that area is all there is. */
  get #isOwnShape() {
    const { width, height } = this.#profile;
    if (!width || !height) return false;
    return Math.abs(innerWidth / innerHeight / (width / height) - 1) < SAME_SHAPE;
  }
}
