// Lines over a row of steps, drawn as wide as there is room. What it says stands beside it as a table.

import { fill, svg } from "./dom.js";

const HEIGHT = 220;
const LEFT = 68;
const RIGHT = 12;
const TOP = 10;
const BOTTOM = 24;
const TICKS = 4;

/** Draw into an <svg>. `lines`: `{name, values}` each, values in the unit of the axis or null for a gap.
 *
 * `label(value)` says a value of the axis, `ends` what stands at its left and right end.
 */
export function drawPlot(element, lines, { label, ends }) {
  const width = Math.max(element.clientWidth || 0, 240);
  const steps = Math.max(...lines.map((line) => line.values.length));
  const top = niceTop(Math.max(...lines.flatMap((line) => line.values.filter((value) => value !== null)), 0));
  const x = (step) => (steps === 1 ? (LEFT + width - RIGHT) / 2 : LEFT + ((width - LEFT - RIGHT) * step) / (steps - 1));
  const y = (value) => HEIGHT - BOTTOM - ((HEIGHT - TOP - BOTTOM) * value) / top;
  element.setAttribute("viewBox", `0 0 ${width} ${HEIGHT}`);
  fill(element, grid(width, top, y, label), ...lines.flatMap((line) => curve(line, x, y)), ...endWords(width, ends));
}

/** Return the smallest round number that a value is not above: 1, 2 or 5 times a power of ten. */
export function niceTop(value) {
  if (!(value > 0)) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  return power * [1, 2, 4, 5, 8, 10].find((times) => value <= times * power * (1 + 1e-9));
}

function grid(width, top, y, label) {
  const rows = Array.from({ length: TICKS + 1 }, (_, tick) => (top * tick) / TICKS);
  return svg(
    "g",
    { class: "plot-grid" },
    ...rows.flatMap((value) => [
      svg("path", { d: `M${LEFT} ${y(value)}H${width - RIGHT}` }),
      svg("text", { x: LEFT - 8, y: y(value) + 4, "text-anchor": "end" }, label(value)),
    ]),
  );
}

function curve({ name, values }, x, y) {
  const points = values.map((value, step) => (value === null ? null : [x(step), y(value)]));
  const d = points.map((point, at) => (point === null ? "" : `${at > 0 && points[at - 1] ? "L" : "M"}${point[0]} ${point[1]}`)).join("");
  const alone = (at) => points[at] && !points[at - 1] && !points[at + 1];
  const dots = points.filter((_, at) => alone(at)).map(([cx, cy]) => svg("circle", { cx, cy, r: 4, class: `plot-dot plot-${name}` }));
  return [svg("path", { d, class: `plot-line plot-${name}` }), ...dots];
}

function endWords(width, [left, right]) {
  const y = HEIGHT - 6;
  return [
    svg("text", { x: LEFT, y, class: "plot-end" }, left),
    svg("text", { x: width - RIGHT, y, "text-anchor": "end", class: "plot-end" }, right),
  ];
}
