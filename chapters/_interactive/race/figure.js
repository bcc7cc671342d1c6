// The race: five optimizers on a surface. The mathematics is in mathematics.js.
import { levelLines } from "../base/levels.js";
import { number, plot, segments, shapes, tag, trace } from "../base/drawing.js";
import { race, rateAt, runners, surfaces } from "./mathematics.js";

const STEPS = 100;
const LEVELS = [0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30];
const FLOOR = 1e-8; // of the plot of losses
const NEAR = 0.05; // from a minimum, in shares of the map's width

/** Each runner's colour and dashes, a class of base.css, and the shape of its mark. */
export const looks = {
  gd: ["one", "circle"], momentum: ["two", "square"], nesterov: ["three", "triangle"],
  rmsprop: ["four", "diamond"], adam: ["five", "wedge"],
};
const kept = {};

const run = ({ surface, lr, momentum, runners: chosen }) => chosen.map((key) =>
  ({ key, path: race(surfaces[surface], runners[key], { lr, momentum }, STEPS) }));

/** The level lines are the same for every setting of a surface, and so kept. */
const ground = (name) => {
  kept[name] ??= levelLines(surfaces[name].loss, surfaces[name].window, LEVELS, 48, 34).flat();
  return kept[name];
};

function map({ surface, step }, paths, width) {
  const { minima, name, window: [left, right, bottom, top] } = surfaces[surface];
  return plot({
    name: "map", width, bare: true, x: { domain: [left, right] }, y: { domain: [bottom, top] },
    label: `Map of the ${name} with the paths of ${paths.length} runners; a cross marks each minimum.`,
    marks: (place) => tag("path", { class: "level", d: segments(ground(surface), place) })
      + tag("path", { class: "minimum", d: minima.map((at) => shapes.cross(place(at))).join("") })
      + paths.map(({ key, path }) => trace(looks[key][0], path.slice(0, step + 1).map(place), looks[key][1])).join(""),
  });
}

const curve = ({ surface, step }, paths, width) => plot({
  name: "curve", width, share: 0.66, x: { domain: [0, STEPS], label: "steps" },
  y: { kind: "log", domain: [FLOOR, 100], label: "loss" },
  label: "Loss over the steps, on a logarithmic scale; the table has the last values",
  marks: (place) => paths.map(({ key, path }) => trace(looks[key][0],
    path.slice(0, step + 1).map((at, t) => place([t, Math.max(FLOOR, surfaces[surface].loss(at))])), looks[key][1])).join(""),
});

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

const places = (values) => run(values).map(({ key, path }) =>
  ({ key, ...standing(surfaces[values.surface], path, values.step) }));

function table(values) {
  const head = ["Runner", "Loss", "Where"].map((word) => tag("th", { scope: "col" }, word)).join("");
  const rows = places(values).map(({ key, loss, word }) => tag("tr", {}, tag("th", { scope: "row" },
    tag("svg", { class: "sample", "aria-hidden": "true", width: 44, height: 14, viewBox: "0 0 44 14" },
      tag("path", { class: `line ${looks[key][0]}`, d: "M0 7L32 7" })
      + tag("path", { class: `mark ${looks[key][0]}`, d: shapes[looks[key][1]]([36, 7]) }))
      + ` ${runners[key].name}`) + tag("td", {}, loss === Infinity ? "–" : number(loss)) + tag("td", {}, word)));
  return tag("table", {}, tag("thead", {}, tag("tr", {}, head)) + tag("tbody", {}, rows.join("")));
}

export default {
  name: "race",
  title: "The race on a surface",
  controls: [
    { id: "surface", label: "Surface", options: Object.entries(surfaces).map(([key, { name }]) => [key, name]), at: "ravine" },
    { id: "lr", label: "Rate", min: -3, max: 0.5, step: 0.05, at: -1, value: rateAt },
    { id: "momentum", label: "Momentum", min: 0, max: 0.99, step: 0.01, at: 0.9 },
    { id: "step", label: "Steps", min: 0, max: STEPS, step: 1, at: STEPS },
    { id: "runners", label: "Runners", boxes: Object.entries(runners).map(([key, { name }]) => [key, name]),
      at: Object.keys(runners) },
  ],
  run: { control: "step", milliseconds: 60 },
  panels(values, width) {
    const paths = run(values);
    return [
      { key: "map", svg: map(values, paths, width), caption: "The map. A mark stands at each runner's last point; a cross is a minimum." },
      { key: "curve", svg: curve(values, paths, width), caption: "Loss over the steps." },
    ];
  },
  table,
  words(values) {
    const order = places(values).sort((a, b) => a.loss - b.loss).map(({ key, loss, word }) =>
      (loss === Infinity ? `${runners[key].name} ${word}` : `${runners[key].name} ${number(loss)}, ${word}`));
    const { name } = surfaces[values.surface];
    return order.length ? `The ${name}, rate ${values.lr}, momentum ${values.momentum}, after ${values.step} `
      + `steps. Loss, lowest first: ${order.join("; ")}.` : "No runner is chosen.";
  },
};
