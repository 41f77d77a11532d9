// The display stays lit while the glasses are worn, where the browser lets a page ask for that.

export class Awake {
  #lock = null;
  isMissing = !("wakeLock" in navigator);

  /** `changed()` is called where `isMissing` has become another. */
  constructor(changed) {
    this.#changed = changed;
    document.addEventListener("visibilitychange", () => this.hold());
  }

  #changed;

  /** Ask for it, and again whenever it was taken away, as each time that the page is not in front. */
  async hold() {
    if (document.hidden || this.#lock !== null || !navigator.wakeLock) return;
    const before = this.isMissing;
    try {
      const lock = (this.#lock = await navigator.wakeLock.request("screen"));
      this.isMissing = false;
      lock.addEventListener("release", () => {
        this.#lock = null;
        this.hold();
      });
    } catch {
      this.isMissing = true; // a battery that is low, or a policy
    }
    if (this.isMissing !== before) this.#changed();
  }
}
