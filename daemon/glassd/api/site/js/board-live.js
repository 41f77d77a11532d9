// The live picture: only while somebody wants it, sees it, and the camera gives it. It holds one of few connections.

import { byId, el, fill, setText } from "./dom.js";
import { t, tOr } from "./words.js";

const SOURCE = "/api/live?fps=4";
const AGAIN_MS = 3_000;

let wanted = false;
let onScreen = true;
let broken = false;
let camera = null;
let paused = false;
let image = null;

/** Begin: the switch, and an eye on whether anybody can see the picture. */
export function begin() {
  byId("live-switch").addEventListener("click", () => {
    wanted = !wanted;
    follow();
  });
  document.addEventListener("visibilitychange", follow);
  addEventListener("pagehide", () => end());
  new IntersectionObserver((entries) => {
    onScreen = entries.at(-1).isIntersecting;
    follow();
  }).observe(byId("live-switch").closest("section"));
}

/** Take how the camera stands. */
export function show(status) {
  camera = status.devices.find((device) => device.name === "camera") ?? null;
  paused = status.state === "paused";
  follow();
}

/** The board is lost: what is shown is old. */
export function lost() {
  camera = null;
  end();
}

function follow() {
  const button = byId("live-switch");
  setText(button, t(wanted ? "board.live_hide" : "board.live_show"));
  button.setAttribute("aria-pressed", String(wanted));
  const may = camera !== null && !paused && (camera.state === "ready" || camera.state === "closed");
  if (wanted && may && onScreen && !document.hidden && !broken) start();
  else end();
  setText(byId("live-told"), told(may));
}

function told(may) {
  if (paused) return t("board.live_paused");
  if (camera === null) return t("board.live_no_camera");
  if (!may) return t("board.live_waits", { state: tOr(`state.${camera.state}`, camera.state) });
  if (broken) return t("board.live_ended");
  return wanted ? "" : t("board.live_off");
}

function start() {
  if (image !== null) return;
  image = el("img", { src: SOURCE, alt: t("board.live_alt"), error: fail });
  fill(byId("live"), image);
}

function end() {
  if (image === null) return;
  image.removeEventListener("error", fail);
  image.removeAttribute("src"); // an <img> that is only taken away keeps its connection until it is collected
  image = null;
  fill(byId("live"));
}

function fail() {
  broken = true;
  follow();
  setTimeout(() => {
    broken = false;
    follow();
  }, AGAIN_MS);
}
