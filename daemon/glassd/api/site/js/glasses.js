// The glasses in a browser: camera, display and buttons of one page over one WebSocket. Here is nothing but the wiring.

import { byId } from "./dom.js";
import { Awake } from "./glasses-awake.js";
import { Buttons } from "./glasses-buttons.js";
import { Camera } from "./glasses-camera.js";
import { Display } from "./glasses-display.js";
import { Help, Notice } from "./glasses-help.js";
import { Link } from "./glasses-link.js";
import { Pairing, turnLetters } from "./glasses-pairing.js";
import words from "./words-glasses.js";
import { addWords, currentLanguage, translate } from "./words.js";

const CAMERA_KEPT_MS = 5000; // how long the camera stays open without a connection, which mostly is back at once

addWords(words);
translate();

const notice = new Notice();
const help = new Help();
const pairing = new Pairing();
const awake = new Awake(tellMissing);
const link = new Link({
  hello: () => ({
    screen: { width: innerWidth, height: innerHeight },
    language: currentLanguage(),
    camera: { state: camera.state, detail: camera.detail },
  }),
  admitted: () => pairing.admitted(),
  on: { state: stands, welcome, screen: (screen) => display.show(screen), take: ({ id }) => camera.take(id) },
});
const camera = new Camera(link, (state, detail) => {
  link.say({ type: "camera", state, detail });
  tellMissing();
});
const display = new Display(byId("screen"), byId("spoken"), (id) => link.say({ type: "shown", id }));
const buttons = new Buttons((message) => link.say(message), touched);

let wanted = null; // the camera part of the last welcome
let closing = 0;

function welcome(message) {
  clearTimeout(closing);
  wanted = message.camera;
  camera.want(message.camera);
  display.use(message.display?.profile ?? null);
  buttons.listen(message.buttons?.map ?? {});
  tellMissing();
}

function stands(state, detail) {
  document.body.dataset.link = state;
  notice.show(state, detail, pairing.trouble);
  clearTimeout(closing);
  if (state === "connecting") closing = setTimeout(() => camera.want(null), CAMERA_KEPT_MS);
  else if (state !== "open") camera.want(null);
}

/** Somebody is there: what waits for a person goes on, and what has been read goes away. */
function touched() {
  awake.hold();
  help.dismiss();
  if (link.state === "refused") location.reload();
  else if (link.state === "replaced") link.start();
  else link.hurry();
}

function tellMissing() {
  const hasNone = wanted !== null && (wanted.on || camera.state !== "prompt");
  const hindered = hasNone && !["granted", "hidden"].includes(camera.state);
  help.show([hindered && `glasses.camera.${camera.state}`, awake.isMissing && "glasses.dark"].filter(Boolean));
}

byId("pairing").addEventListener("submit", (event) => {
  event.preventDefault();
  pairing.use(byId("code").value);
  byId("code").value = "";
  link.start();
});
byId("again").addEventListener("click", () => camera.retry());
turnLetters(byId("code"));
pairing.onCode = () => link.start();
addEventListener("online", () => link.hurry());
document.addEventListener("visibilitychange", () => {
  if (document.hidden) return;
  if (link.state === "unpaired") link.start(); // it may have been paired in another tab
  else link.hurry();
});
addEventListener("pagehide", () => {
  camera.want(null);
  link.stop();
});
addEventListener("pageshow", (event) => event.persisted && link.start());

stands(link.state, "");
awake.hold();
await camera.look();
link.start();
