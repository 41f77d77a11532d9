// The board at a glance: each part of the page gets the status and the events that it shows.

import * as ask from "./board-ask.js";
import * as asks from "./board-asks.js";
import * as latency from "./board-latency.js";
import * as live from "./board-live.js";
import * as press from "./board-press.js";
import * as hud from "./board-hud.js";
import * as state from "./board-state.js";
import { listen } from "./events.js";
import { showConnection, showHeader } from "./header.js";
import { addWords, onLanguage } from "./words.js";
import askWords from "./words-asks.js";
import words from "./words-board.js";
import errorWords from "./words-errors.js";

for (const table of [words, askWords, errorWords]) addWords(table);
showConnection("connecting");
await showHeader();

let status = null;

function show() {
  if (status === null) return;
  for (const part of [hud, press, live, state]) part.show(status);
}

ask.begin();
live.begin();

const stream = listen({
  connected: () => {
    showConnection("connected");
    asks.read();
    latency.read();
  },
  lost: () => {
    showConnection("lost");
    live.lost();
  },
  status: (now) => {
    status = now;
    show();
  },
  screen: hud.screen,
  asked: asks.asked,
  delta: asks.delta,
  ask: (record) => {
    asks.ended(record);
    latency.readSoon();
    stream.refresh();
  },
  device: () => stream.refresh(),
});
press.begin(() => stream.refresh());
onLanguage(() => {
  show();
  hud.redraw();
  asks.redraw();
  latency.redraw();
});
