// The browser's camera as the board wants it: open while it is wanted and no longer, a stream of pictures or a still.

const OPEN_AGAIN_MS = 3000; // another app has the camera, or it failed: when to try again
const STILL_LIMIT_MS = 8000; // the board waits for 10 s
const EARLY_MS = 8; // a frame that comes so much before its time is taken: cameras and browsers jitter

const STATES = {
  NotAllowedError: "denied",
  SecurityError: "denied",
  NotFoundError: "none",
  OverconstrainedError: "none",
  NotReadableError: "busy",
  AbortError: "busy",
};

/** One camera. `state` is one of docs/web.md's. */
export class Camera {
  #link;
  #tell;
  #video = Object.assign(document.createElement("video"), { muted: true, playsInline: true });
  #canvas = document.createElement("canvas");
  #wanted = null;
  #stream = null;
  #opening = null;
  #timer = 0;
  #due = 0;
  #take = null;
  #encoding = false;

  /** `tell(state, detail)` is called at each change. */
  constructor(link, tell) {
    this.#link = link;
    this.#tell = tell;
    this.state = "prompt";
    this.detail = "";
    document.addEventListener("visibilitychange", () => this.#settle());
    navigator.mediaDevices?.addEventListener("devicechange", () => this.retry());
  }

  /** Find out, without asking the person, whether there is a camera that may be used. */
  async look() {
    if (!navigator.mediaDevices?.getUserMedia) return this.#become("insecure");
    const devices = await navigator.mediaDevices.enumerateDevices().catch(() => []);
    if (!devices.some((device) => device.kind === "videoinput")) return this.#become("none");
    const permission = await navigator.permissions?.query({ name: "camera" }).catch(() => null);
    if (!permission) return; // this browser does not tell: it shows when the camera is opened
    permission.onchange = () => {
      if (this.#stream === null) this.#become(permission.state);
      this.retry();
    };
    this.#become(permission.state);
  }

  /** Take note of what the board wants: `welcome.camera`, or null where it wants none. */
  want(wanted) {
    const before = this.#wanted;
    this.#wanted = wanted;
    const isOther = ["width", "height", "fps", "facing"].some((key) => before?.[key] !== wanted?.[key]);
    if (isOther) this.#close();
    this.#settle();
  }

  /** Take a still and send it as the answer to `id`. */
  take(id) {
    clearTimeout(this.#take?.timer);
    this.#take = { id, timer: setTimeout(() => this.#fail("the camera gave no picture in time"), STILL_LIMIT_MS) };
    if (this.#stream === null && this.#opening === null) this.#fail(`the camera is not open: ${this.state}`);
  }

  /** Try again what did not work: something has changed. */
  retry() {
    clearTimeout(this.#timer);
    this.#settle();
  }

  get #isWanted() {
    return this.#wanted !== null && this.#wanted.on && !document.hidden;
  }

  #settle() {
    if (!this.#isWanted) {
      this.#close();
      if (document.hidden && this.#wanted?.on && this.state === "granted") this.#become("hidden");
      if (!document.hidden && this.state === "hidden") this.#become("granted");
    } else if (this.#stream === null && this.#opening === null) this.#open();
  }

  async #open() {
    if (!navigator.mediaDevices?.getUserMedia) return this.#become("insecure");
    const { width, height, fps, facing } = this.#wanted;
    const opening = (this.#opening = {});
    let stream;
    try {
      const video = {
        width: { ideal: width },
        height: { ideal: height },
        frameRate: { ideal: Math.max(fps ?? 0, 15) }, // slower ones let a camera expose longer, and blur
        facingMode: { ideal: facing },
      };
      stream = await navigator.mediaDevices.getUserMedia({ video, audio: false });
    } catch (error) {
      if (this.#opening === opening) this.#failed(error);
      return;
    }
    if (this.#opening !== opening) return end(stream); // it is not wanted any more
    this.#opening = null;
    this.#stream = stream;
    const [track] = stream.getVideoTracks();
    track.onended = () => this.#lost();
    this.#become("granted");
    this.#video.srcObject = stream;
    this.#due = 0;
    await this.#video.play().catch(() => {}); // stopped before it played
    this.#await(stream);
  }

  #failed(error) {
    this.#opening = null;
    const state = STATES[error.name] ?? "failed";
    this.#become(state, error.name);
    if (this.#take !== null) this.#fail(`the camera could not be opened: ${error.name}`);
    if (state === "busy" || state === "failed") this.#timer = setTimeout(() => this.#settle(), OPEN_AGAIN_MS);
  }

  #lost() {
    this.#close();
    this.#become("failed", "the camera was taken away");
    this.#timer = setTimeout(() => this.#settle(), OPEN_AGAIN_MS);
  }

  #close() {
    clearTimeout(this.#timer);
    this.#opening = null;
    if (this.#take !== null) this.#fail("the camera is closed");
    if (this.#stream === null) return;
    end(this.#stream);
    this.#stream = null;
    this.#video.srcObject = null;
  }

  /** Wait for the next frame of a stream, and go on with it as long as it is the one. */
  #await(stream) {
    if (this.#stream !== stream) return;
    const next = (at) => {
      if (this.#stream !== stream) return;
      this.#frame(stream, at);
      this.#await(stream);
    };
    if (this.#video.requestVideoFrameCallback) {
      this.#video.requestVideoFrameCallback((_, facts) => next(facts.captureTime ?? facts.presentationTime));
    } else setTimeout(() => next(performance.now()), 1000 / (this.#wanted.fps ?? 10));
  }

  /** Send the frame of the instant `at` where it is one that is wanted. The newest alone: none ever waits. */
  async #frame(stream, at) {
    const take = this.#take;
    if (this.#encoding || this.#video.videoWidth === 0) return;
    if (take === null && !this.#isDue(at)) return;
    this.#encoding = true;
    const jpeg = await this.#encode();
    this.#encoding = false;
    if (this.#stream !== stream) return; // closed meanwhile: nothing leaves any more
    if (take !== null && this.#take === take) {
      clearTimeout(take.timer);
      this.#take = null;
      if (jpeg === null) this.#link.say({ type: "failed", take: take.id, reason: "the picture could not be encoded" });
      else this.#link.sendPicture({ at, take: take.id }, jpeg);
    } else if (take === null && jpeg !== null && this.#link.isClear) this.#link.sendPicture({ at }, jpeg);
  }

  #isDue(at) {
    if (this.#wanted.mode !== "stream" || !this.#link.isClear || at < this.#due - EARLY_MS) return false;
    this.#due = Math.max(this.#due, at - EARLY_MS) + 1000 / this.#wanted.fps;
    return true;
  }

  /** Return what the video shows now as a JPEG. */
  #encode() {
    const { videoWidth: width, videoHeight: height } = this.#video;
    if (this.#canvas.width !== width || this.#canvas.height !== height) Object.assign(this.#canvas, { width, height });
    this.#canvas.getContext("2d", { alpha: false }).drawImage(this.#video, 0, 0);
    return new Promise((resolve) => this.#canvas.toBlob(resolve, "image/jpeg", this.#wanted.quality / 100));
  }

  #fail(reason) {
    const { id, timer } = this.#take;
    clearTimeout(timer);
    this.#take = null;
    this.#link.say({ type: "failed", take: id, reason });
  }

  #become(state, detail = "") {
    if (state === this.state && detail === this.detail) return;
    this.state = state;
    this.detail = detail;
    this.#tell(state, detail);
  }
}

function end(stream) {
  for (const track of stream.getTracks()) {
    track.onended = null;
    track.stop();
  }
}
