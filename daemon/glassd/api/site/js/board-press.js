// The buttons to press, and the commands: as the wearer has them.

import { ApiError, post } from "./api.js";
import { byId, el, fill, setText } from "./dom.js";
import { t, tOr } from "./words.js";

const MORE = ["repeat", "resume", "ask anyway", "new conversation", "send again", "drop queued", "new wearer"];
const GESTURES = ["press", "double", "triple", "long"];
const SURE = { "new wearer": "board.sure", "drop queued": "board.sure_drop" };

let changed = () => {};
let drawn = "";

/** Begin; `onDone` is called once the board has done something that was asked for here. */
export function begin(onDone) {
  changed = onDone;
}

/** Show the buttons that the board knows. */
export function show(status) {
  const paused = status.state === "paused";
  const now = JSON.stringify([status.buttons, paused, document.documentElement.lang]);
  if (now === drawn) return; // what has the focus keeps it
  const focus = document.activeElement?.dataset?.command;
  drawn = now;
  const buttons = Object.entries(status.buttons);
  byId("no-buttons").hidden = buttons.length > 0;
  fill(byId("buttons"), ...buttons.map(([name, gestures]) => group(name, gestures)));
  const first = [paused ? "unpause" : "pause", "cancel", "clear", "previous page", "next page"];
  fill(byId("commands"), ...first.map(command));
  fill(byId("more-commands"), ...MORE.map(command));
  const again = { pause: "unpause", unpause: "pause" };
  if (focus) document.querySelector(`[data-command="${again[focus] ?? focus}"]`)?.focus();
}

function group(name, gestures) {
  const rank = (gesture) => GESTURES.indexOf(gesture);
  const sorted = [...gestures].sort((one, other) => rank(one) - rank(other));
  const buttons = sorted.map((gesture) => {
    const words = tOr(`gesture.${gesture}`, gesture);
    const label = `${name} ${words}`;
    const play = () => act("/api/press", { button: name, gesture }, t("board.pressed", { what: label }));
    return el("button", { type: "button", "aria-label": label, click: play }, words);
  });
  return el("div", { class: "row button-row", role: "group", "aria-label": name }, el("span", { class: "mono button-name" }, name), ...buttons);
}

function command(name) {
  const words = tOr(`command.${name}`, name);
  const run = () => {
    if (name in SURE && !confirm(t(SURE[name], { what: words }))) return;
    act("/api/do", { command: name }, t("board.done", { what: words }));
  };
  return el("button", { type: "button", "data-command": name, click: run }, words);
}

async function act(path, body, done) {
  const told = byId("pressed");
  try {
    await post(path, body);
    told.classList.remove("bad");
    setText(told, done);
    changed();
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    told.classList.add("bad");
    setText(told, error.message);
  }
}
