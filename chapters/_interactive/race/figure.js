// Draws the race into the page and listens to its controls. The mathematics is in mathematics.js.
import { levelLines, race, rateAt, runners, surfaces } from "./mathematics.js";

const STEPS = 100;
const LEVELS = [0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30];
const FLOOR = 1e-8; // of the plot of losses
const HEAD = 14; // pixels above its highest line, for the power of ten
const NEAR = 0.05; // from a minimum, in shares of the map's width
const QUIET = 600; // milliseconds without a change before the summary is read out

const root = document.getElementById("race");
const part = (name) => root.querySelector(`[data-part="${name}"]`);
const still = window.matchMedia("(prefers-reduced-motion: reduce)");
const [map, curve, table, summary, button] = ["map", "curve", "table", "summary", "run"].map(part);
const controls = { surface: part("surface"), lr: part("lr"), momentum: part("momentum"), step: part("step") };
let [paths, kept, frame, timer] = [{}, {}, 0, 0];

// ---------------------------------------------------------------------------------------------------------------- drawing

const tag = (name, attributes, inner = "") =>
  `<${name} ${Object.entries(attributes).map(([key, value]) => `${key}="${value}"`).join(" ")}>${inner}</${name}>`;
const round = (x) => Math.round(x * 10) / 10;
const line = (points) => points.map(([x, y], i) => `${i ? "L" : "M"}${round(x)} ${round(y)}`).join("");

/** A runner's mark, each of a shape of its own, round [x, y]. */
const shapes = {
  gd: ([x, y], r) => `M${x - r} ${y}a${r} ${r} 0 1 0 ${2 * r} 0a${r} ${r} 0 1 0 ${-2 * r} 0Z`,
  momentum: ([x, y], r) => line([[x - r, y - r], [x + r, y - r], [x + r, y + r], [x - r, y + r]]) + "Z",
  nesterov: ([x, y], r) => line([[x, y - 1.25 * r], [x + 1.2 * r, y + r], [x - 1.2 * r, y + r]]) + "Z",
  rmsprop: ([x, y], r) => line([[x, y - 1.4 * r], [x + 1.4 * r, y], [x, y + 1.4 * r], [x - 1.4 * r, y]]) + "Z",
  adam: ([x, y], r) => line([[x, y + 1.25 * r], [x + 1.2 * r, y - r], [x - 1.2 * r, y - r]]) + "Z",
};
const mark = (key, at, r = 5) => tag("path", { class: `mark ${key}`, d: shapes[key](at.map(round), r) });

/** A runner's line through points of the drawing, with its mark at the last one. */
const drawn = (key, points) =>
  tag("path", { class: `line ${key}`, d: line(points) }) + (points.length ? mark(key, points.at(-1)) : "");

/** Gives a drawing its size in pixels, so that lines and letters keep theirs on every screen; its width and height. */
function sized(svg, share, least = 0) {
  const width = Math.max(240, Math.round(svg.parentElement.clientWidth));
  const height = Math.max(least, Math.round(width * share));
  svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
  svg.setAttribute("height", height);
  return [width, height];
}

function drawMap(surface, chosen) {
  const [left, right, bottom, top] = surface.window;
  const [width, height] = sized(map, (top - bottom) / (right - left));
  const place = ([x, y]) => [((x - left) / (right - left)) * width, ((top - y) / (top - bottom)) * height];
  const bounded = ([x, y]) => [Math.min(Math.max(x, -9999), 9999), Math.min(Math.max(y, -9999), 9999)];
  map.innerHTML = ground(surface, place, width) + Object.entries(paths).map(([key, path]) =>
    drawn(key, path.slice(0, chosen.step + 1).map(place).map(bounded))).join("");
}

/** The level lines and a cross on each minimum; they are the same for every setting, and so kept. */
function ground(surface, place, width) {
  if (kept.surface !== surface || kept.width !== width) {
    const lines = levelLines(surface.loss, surface.window, LEVELS).flat();
    const level = lines.map(([a, b, c, d]) => line([place([a, b]), place([c, d])])).join("");
    const crosses = surface.minima.map(place).map(([x, y]) =>
      `M${round(x - 8)} ${round(y - 8)}l16 16m0 -16l-16 16`).join("");
    const drawing = tag("path", { class: "level", d: level }) + tag("path", { class: "minimum", d: crosses });
    kept = { surface, width, drawing };
  }
  return kept.drawing;
}

function drawCurve(surface, chosen) {
  const [width, height] = sized(curve, 0.34, 180);
  const [low, high] = [Math.log10(FLOOR), 2];
  const [edge, foot] = [40, 22];
  const place = (t, loss) => [
    edge + (t / STEPS) * (width - edge - 8),
    HEAD + ((high - Math.min(high, Math.max(low, Math.log10(loss)))) / (high - low)) * (height - foot - HEAD - 6)];
  const grid = [-8, -6, -4, -2, 0, 2].map((power) => {
    const [x, y] = place(0, 10 ** power);
    const digits = `10${tag("tspan", { dy: -5, "font-size": 9 }, String(power).replace("-", "−"))}`;
    return tag("path", { class: "grid", d: line([[x, y], [width - 8, y]]) })
      + tag("text", { x: edge - 6, y: round(y + 5), "text-anchor": "end" }, power ? digits : "1");
  }).join("");
  const ticks = [0, 25, 50, 75, 100].map((t) =>
    tag("text", { x: round(place(t, 1)[0]), y: height - 3, "text-anchor": t === STEPS ? "end" : "middle" }, t)).join("");
  curve.innerHTML = grid + ticks + Object.entries(paths).map(([key, path]) =>
    drawn(key, path.slice(0, chosen.step + 1).map((p, t) => place(t, surface.loss(p))))).join("");
}

// ------------------------------------------------------------------------------------------------------------------ words

const number = (x) => (x === 0 ? "0" : x < 1e-3 || x >= 1e4 ? x.toExponential(1).replace("-", "−") : x.toPrecision(2));

/** Where a runner is after so many steps: its loss, and a word on it. */
function standing(surface, path, step) {
  if (path.length <= step) return { loss: Infinity, word: `diverged at step ${path.length}` };
  const [x, y] = path[step];
  const [left, right, bottom, top] = surface.window;
  const loss = surface.loss([x, y]);
  const away = Math.min(...surface.minima.map(([a, b]) => Math.hypot(x - a, y - b)));
  if (away < NEAR * (right - left)) return { loss, word: "near the minimum" };
  return { loss, word: x < left || x > right || y < bottom || y > top ? "off the map" : "on its way" };
}

function tell(surface, chosen) {
  const places = Object.entries(paths).map(([key, path]) => ({ key, ...standing(surface, path, chosen.step) }));
  table.innerHTML = places.map(({ key, loss, word }) => tag("tr", {}, tag("th", { scope: "row" },
    tag("svg", { class: "sample", "aria-hidden": "true", width: 44, height: 14, viewBox: "0 0 44 14" },
      tag("path", { class: `line ${key}`, d: "M0 7L32 7" }) + mark(key, [36, 7]))
      + ` ${runners[key].name}`) + tag("td", {}, loss === Infinity ? "–" : number(loss)) + tag("td", {}, word))).join("");
  const order = [...places].sort((a, b) => a.loss - b.loss).map(({ key, loss, word }) =>
    (loss === Infinity ? `${runners[key].name} ${word}` : `${runners[key].name} ${number(loss)}, ${word}`));
  const text = order.length ? `The ${surface.name}, rate ${chosen.lr}, momentum ${chosen.momentum}, after ${chosen.step} `
    + `steps. Loss, lowest first: ${order.join("; ")}.` : "No runner is chosen.";
  map.setAttribute("aria-label", `Map of the ${surface.name} with the paths of ${order.length} runners; a cross marks each minimum.`);
  clearTimeout(timer);
  timer = setTimeout(() => { summary.textContent = text; }, QUIET);
}

// ---------------------------------------------------------------------------------------------------------------- the page

function show() {
  const surface = surfaces[controls.surface.value];
  const chosen = {
    lr: rateAt(Number(controls.lr.value)), momentum: Number(controls.momentum.value), step: Number(controls.step.value),
  };
  for (const name of ["lr", "momentum", "step"]) {
    part(`${name}-value`).textContent = String(chosen[name]);
    controls[name].setAttribute("aria-valuetext", String(chosen[name]));
  }
  const running = [...root.querySelectorAll("[data-runner]:checked")].map((box) => box.dataset.runner);
  paths = Object.fromEntries(running.map((key) => [key, race(surface, runners[key], chosen, STEPS)]));
  drawMap(surface, chosen);
  drawCurve(surface, chosen);
  tell(surface, chosen);
}

function stop() {
  cancelAnimationFrame(frame);
  frame = 0;
  button.textContent = "Run from the start";
}

/** Runs through the steps; who wants no motion sees the end at once. */
function run() {
  if (frame) return stop();
  if (still.matches) {
    controls.step.value = STEPS;
    return show();
  }
  const begun = performance.now();
  button.textContent = "Stop";
  const next = (now) => {
    controls.step.value = Math.min(STEPS, Math.floor((now - begun) / 60));
    show();
    if (Number(controls.step.value) < STEPS) frame = requestAnimationFrame(next);
    else stop();
  };
  frame = requestAnimationFrame(next);
}

root.hidden = false;
root.addEventListener("input", () => { if (frame) stop(); show(); });
button.addEventListener("click", run);
let width = root.clientWidth;
new ResizeObserver(() => requestAnimationFrame(() => {
  if (root.clientWidth !== width) {
    width = root.clientWidth;
    show();
  }
})).observe(root);
show();
