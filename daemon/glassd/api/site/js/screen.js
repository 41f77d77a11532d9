// A screen as the wearer sees it: the display's columns and rows, its signs, and black where the world shows through.

import { el, fill } from "./dom.js";
import { sign } from "./signs.js";
import { t, tOr } from "./words.js";

const BAND_ROWS = 2 / 3; // the band of signs above the lines, as the framebuffer display has it
const ROW_CELLS = 2.5; // a row's height where a display has no pixels, in half-width cells
const WIDE =
  /^(?:[\u1100-\u115f\u2e80-\u303e\u3041-\u33ff\u3400-\u4dbf\u4e00-\ua4cf\ua960-\ua97c\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6]|[\u{20000}-\u{3fffd}]|\p{Emoji_Presentation}|\p{Emoji}\ufe0f)/u;

const segmenter = "Segmenter" in Intl ? new Intl.Segmenter("zh", { granularity: "grapheme" }) : null;
const drawn = new WeakMap();

/** Draw a screen of a profile, both as the API gives them, into an element that holds nothing else.
 *
 * Its width is the page's matter (the text is as large as it lets it be), its height follows. `whole` draws the display
 * with the rows beyond its safe area, else the safe area alone. A screen reader gets the text without the cells.
 */
export function drawScreen(element, screen, profile, { whole = false } = {}) {
  const key = JSON.stringify([profile, whole, document.documentElement.lang]);
  let state = drawn.get(element);
  if (state?.key !== key) {
    state = { key, ...frame(element, profile, whole) };
    drawn.set(element, state);
  }
  fill(state.band, ...signs(screen), pages(screen));
  const shown = state.rows.map((_, at) => screen.lines[at] ?? "");
  state.rows.forEach((row, at) => {
    if (row.line !== shown[at]) fill(row.element, ...runs((row.line = shown[at])));
  });
  const spoken = screenText(screen);
  if (state.spoken.textContent !== spoken) state.spoken.textContent = spoken;
}

/** Return what a screen says, as one text: for a screen reader, and for tests. */
export function screenText(screen) {
  const text = screen.lines.map((line) => line.trim()).filter(Boolean).join("\n");
  return text || t("screen.empty");
}

/** Return how many half-width cells a grapheme takes. */
export function cells(grapheme) {
  return WIDE.test(grapheme) ? 2 : 1;
}

function frame(element, profile, whole) {
  const width = profile.width || 0;
  const height = profile.height || 0;
  const pixels = width > 0 && height > 0;
  const safe = (pixels && profile.safe) || { left: 0, top: 0, width, height };
  const text = pixels ? safe : { width: profile.columns, height: (profile.rows + BAND_ROWS) * ROW_CELLS };
  const outer = pixels && whole ? { width, height } : text;
  const band = el("div", { class: "hud-band" });
  const rows = Array.from({ length: profile.rows }, () => ({ line: "", element: el("div", { class: "hud-row" }) }));
  const spoken = el("p", { class: "visually-hidden hud-spoken" });
  const grid = el("div", { class: "hud-text" }, band, ...rows.map((row) => row.element));
  grid.setAttribute("aria-hidden", "true");
  element.classList.add("hud");
  const variables = {
    columns: profile.columns,
    row: text.height / (profile.rows + BAND_ROWS) / text.width,
    band: BAND_ROWS,
    width: outer.width,
    height: outer.height,
    "text-left": outer === text ? 0 : safe.left / width,
    "text-top": outer === text ? 0 : safe.top / height,
    "text-width": text.width / outer.width,
    narrow: narrowAdvance(),
  };
  for (const [name, value] of Object.entries(variables)) element.style.setProperty(`--${name}`, String(value));
  fill(element, grid, spoken);
  return { band, rows, spoken };
}

function signs(screen) {
  const names = [
    screen.mark,
    ...(screen.camera ? ["camera"] : []),
    ...(screen.warning ? ["warning"] : []),
    ...screen.signs,
  ];
  return names.map((name) => sign(name)).filter(Boolean);
}

/** Return the names of a screen's mark and signs in the page's language, for a text beside the drawing. */
export function signWords(screen) {
  const names = [...(screen.camera ? ["camera"] : []), ...(screen.warning ? ["warning"] : []), ...screen.signs];
  const pageWords = screen.pages > 1 ? [t("screen.page", { page: screen.page, pages: screen.pages })] : [];
  return [tOr(`mark.${screen.mark}`, screen.mark), ...names.map((name) => tOr(`sign.${name}`, name)), ...pageWords];
}

function pages(screen) {
  return screen.pages > 1 && el("span", { class: "hud-pages" }, `${screen.page}/${screen.pages}`);
}

/** Return a line as runs of wide and of narrow characters, each as many cells wide as it is on the display. */
function runs(line) {
  const found = [];
  for (const grapheme of segmenter ? Array.from(segmenter.segment(line), (part) => part.segment) : Array.from(line)) {
    const wide = cells(grapheme) === 2;
    const last = found.at(-1);
    if (last?.wide === wide) {
      last.text += grapheme;
      last.cells += wide ? 2 : 1;
    } else found.push({ wide, text: grapheme, cells: wide ? 2 : 1 });
  }
  return found.map((run) => {
    const element = el("span", { class: run.wide ? "hud-wide" : "hud-narrow" }, run.text);
    element.style.setProperty("--cells", String(run.cells));
    return element;
  });
}

/** Return how far the fixed-width font goes for a character, in its own size: it is made to fill its cell. */
function narrowAdvance() {
  const pen = document.createElement("canvas").getContext("2d");
  pen.font = "100px ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace";
  return pen.measureText("0").width / 100 || 0.6;
}
