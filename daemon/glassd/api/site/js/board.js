// The board at a glance: each part of the page gets the status and the events it shows.

import { byId, el, keep } from "./dom.js";
import { listen } from "./events.js";
import { showConnection, showHeader } from "./header.js";
import { drawScreen } from "./screen.js";
import { addWords } from "./words.js";
import words from "./words-board.js";

addWords(words);
showHeader();
showConnection("connecting");

const screens = new Map();
let profiles = new Map();

listen({
  connected: () => showConnection("connected"),
  lost: () => showConnection("lost"),
  status: (status) => {
    profiles = new Map((status.displays ?? []).map((display) => [display.name, display.profile]));
  },
  screen: (screen) => {
    screens.set(screen.display, screen);
    keep(
      byId("displays"),
      [...screens.values()],
      (shown) => shown.display,
      () => el("div"),
      (element, shown) => drawScreen(element, shown, profiles.get(shown.display) ?? { columns: 30, rows: 10 }),
    );
  },
});
