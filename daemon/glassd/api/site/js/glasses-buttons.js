// Keys and the touch pad as edges: which of them are buttons, the board says; what they mean is the board's matter.

const SWIPE_LEAST_PX = 32;
const DECIDED_MS = 200; // a finger that has stayed so long is no swipe
const BACK = ["BrowserBack", "GoBack"]; // the names under which a browser's own way back may be a button

/** Turns what a person does into edges. `say` takes the messages of docs/web.md; `touched()` is called whenever something
 * goes down, also what is no button. */
export class Buttons {
  #map = {};
  #held = new Map(); // event.code → the name that went down
  #touch = null; // where the finger went down
  #trapped = false;
  #say;
  #touched;

  constructor(say, touched) {
    this.#say = say;
    this.#touched = touched;
    addEventListener("keydown", (event) => this.#keyDown(event));
    addEventListener("keyup", (event) => this.#keyUp(event));
    addEventListener("pointerdown", (event) => this.#pointerDown(event));
    addEventListener("pointermove", (event) => this.#pointerMove(event));
    addEventListener("pointerup", (event) => this.#pointerUp(event));
    addEventListener("pointercancel", () => this.release());
    addEventListener("contextmenu", (event) => event.preventDefault()); // what a long touch brings up
    addEventListener("popstate", () => this.#back());
    addEventListener("blur", () => this.release());
    addEventListener("pagehide", () => this.release());
    document.addEventListener("visibilitychange", () => document.hidden && this.release());
  }

  /** Take note of which names are buttons: the keys of `welcome.buttons.map`. */
  listen(map) {
    if (Object.keys(this.#map).length > 0 && Object.keys(map).length === 0) this.release();
    this.#map = map;
  }

  /** Whatever is held will be let go unseen: it shall mean nothing. */
  release() {
    this.#leave();
    if (this.#held.size === 0) return;
    this.#held.clear();
    this.#say({ type: "lost" });
  }

  #keyDown(event) {
    const name = event.key === " " ? "Space" : event.key;
    if (isOurs(event.target) || event.ctrlKey || event.altKey || event.metaKey) return;
    if (event.repeat) return void (this.#held.has(event.code) && event.preventDefault());
    this.#touched();
    if (!Object.hasOwn(this.#map, name)) return;
    event.preventDefault();
    this.#trap();
    this.#held.set(event.code, name);
    this.#edge(name, true, event.timeStamp);
  }

  #keyUp(event) {
    const name = this.#held.get(event.code);
    if (name === undefined) return;
    event.preventDefault();
    this.#held.delete(event.code);
    this.#edge(name, false, event.timeStamp);
  }

  /** A finger that goes down may become a swipe: it is a touch once it stays, or goes up, with the instant it went down. */
  #pointerDown(event) {
    if (!event.isPrimary || event.button !== 0 || isOurs(event.target)) return;
    this.#touched();
    this.#trap();
    const timer = setTimeout(() => this.#decide(), DECIDED_MS);
    this.#touch = { x: event.clientX, y: event.clientY, id: event.pointerId, at: event.timeStamp, timer, isTold: false };
  }

  #pointerMove(event) {
    if (this.#touch?.id !== event.pointerId) return;
    const [right, down] = [event.clientX - this.#touch.x, event.clientY - this.#touch.y];
    if (Math.max(Math.abs(right), Math.abs(down)) < SWIPE_LEAST_PX) return;
    this.#leave();
    const across = right > 0 ? "swipe_right" : "swipe_left";
    this.#press(Math.abs(right) >= Math.abs(down) ? across : down > 0 ? "swipe_down" : "swipe_up", event.timeStamp);
  }

  #pointerUp(event) {
    if (this.#touch?.id !== event.pointerId) return;
    this.#decide();
    this.#touch = null;
    this.#edge("touch", false, event.timeStamp);
  }

  #decide() {
    const touch = this.#touch;
    clearTimeout(touch.timer);
    if (touch.isTold) return;
    touch.isTold = true;
    this.#edge("touch", true, touch.at);
  }

  /** The touch was none: what has been told of it means nothing. */
  #leave() {
    const touch = this.#touch;
    this.#touch = null;
    clearTimeout(touch?.timer);
    if (touch?.isTold) this.#say({ type: "lost" });
  }

  /** Have the browser's way back come to us, from the first touch on: a browser takes no notice of it before. */
  #trap() {
    if (this.#trapped || !BACK.some((name) => Object.hasOwn(this.#map, name))) return;
    this.#trapped = true;
    history.pushState(null, "");
  }

  #back() {
    const name = BACK.find((each) => Object.hasOwn(this.#map, each));
    if (!this.#trapped || name === undefined || location.hash !== "") return; // a hash is a link that was opened here
    history.pushState(null, "");
    this.#press(name, performance.now());
  }

  #press(name, at) {
    this.#edge(name, true, at);
    this.#edge(name, false, at);
  }

  #edge(button, down, at) {
    if (Object.hasOwn(this.#map, button)) this.#say({ type: "edge", button, down, at });
  }
}

/** Tell whether something of the page's own is being operated, such as the field for a pairing code. */
function isOurs(target) {
  return target instanceof Element && target.closest("input, button, a, summary") !== null;
}
