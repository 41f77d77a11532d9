// The marks and signs of a screen, drawn as the framebuffer display draws them: on a square of 64 by 64 points.

import { svg } from "./dom.js";

const line = (d) => svg("path", { d, class: "sign-line" });
const solid = (d) => svg("path", { d, class: "sign-solid" });
const hole = (d) => svg("path", { d, class: "sign-hole" });
const ring = (cx, cy, r) => svg("circle", { cx, cy, r, class: "sign-line" });
const dot = (cx, cy, r) => svg("circle", { cx, cy, r, class: "sign-solid" });

const camera = () => [
  svg("rect", { x: 1, y: 16, width: 62, height: 41, rx: 8, class: "sign-solid" }),
  solid("M20 7h24v12H20z"),
  svg("circle", { cx: 32, cy: 35, r: 13, class: "sign-hole" }),
  dot(32, 35, 7),
];
const struck = () => [svg("path", { d: "M5 59 59 5", class: "sign-gap" }), line("M5 59 59 5")];

const DRAWINGS = {
  looking: () => [svg("ellipse", { cx: 32, cy: 32, rx: 27, ry: 16, class: "sign-line" }), dot(32, 32, 10)],
  sending: () => [solid("M32 4 56 30H8zM26 28h12v32H26z")],
  thinking: () => [dot(10, 33, 7), dot(32, 33, 7), dot(54, 33, 7)],
  writing: () => [solid("M4 12h56v8H4zM4 29h56v8H4zM4 46h30v8H4z")],
  done: () => [line("M6 34 24 52 58 12")],
  cut_off: () => [solid("M2 29h16v8H2zM46 29h16v8H46z"), line("M22 52 32 12M34 52 44 12")],
  error: () => [ring(32, 32, 26), solid("M28 16h8v22h-8zM28 43h8v8h-8z")],
  camera,
  warning: () => [solid("M32 3 62 58H2z"), hole("M29 22h6v19h-6zM29 46h6v6h-6z")],
  paused: () => [solid("M12 6h14v51H12zM38 6h14v51H38z")],
  no_camera: () => [...camera(), ...struck()],
  no_network: () => [
    line("M6 24a36 36 0 0 1 52 0M15 36a24 24 0 0 1 34 0M24 47a12 12 0 0 1 16 0"),
    dot(32, 57, 5),
    ...struck(),
  ],
  queued: () => [line("M6 30V58H57V30"), solid("M32 46 18 28H46zM28 4h8v26h-8z")],
  budget_low: () => [svg("rect", { x: 4, y: 18, width: 50, height: 29, class: "sign-line" }), solid("M57 26h6v13h-6zM12 26h8v13h-8z")],
  clock_not_set: () => [solid("M0 29h10v8H0zM14 29h10v8H14zM40 29h10v8H40zM54 29h10v8H54zM28 18h8v8h-8zM28 41h8v8h-8z")],
};

/** Return the drawing of a mark or sign by its name; null for one that has none, as the mark of an idle display. */
export function sign(name) {
  const drawing = Object.hasOwn(DRAWINGS, name) ? DRAWINGS[name] : null;
  return drawing && svg("svg", { viewBox: "0 0 64 64", class: "sign", "aria-hidden": "true" }, ...drawing());
}
