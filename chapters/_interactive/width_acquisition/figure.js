import { number, path, plot, shapes, tag, trace } from "../base/drawing.js";
import { GRID, X, Y, next } from "./mathematics.js";

const NAMES = { ei: "expected improvement", 1: "confidence bound, κ = 1", 3: "confidence bound, κ = 3" };

/** The losses that were measured, what the process expects, and the point that comes next. */
function belief({ mean, deviation, at }, width) {
  const [low, high] = [-1, 1].map((sign) => GRID.map((x, i) => [x, mean[i] + 2 * sign * deviation[i]]));
  return plot({
    name: "belief", width, share: 0.7, x: { domain: [0, 1], label: "hyper-parameter", count: 5 },
    y: { domain: [-3, 3], label: "loss, scaled", count: 6 },
    label: `Five measured losses and the mean of the process with two deviations round it; a line marks the next point, ${number(GRID[at])}`,
    marks: (place) => tag("path", { class: "edge", d: `M${place([GRID[at], -3]).join(" ")}L${place([GRID[at], 3]).join(" ")}` })
      + trace("one", GRID.map((x, i) => place([x, mean[i]])))
      + [low, high].map((line) => tag("path", { class: "line two thin", d: path(line.map(place)) })).join("")
      + X.map((x, i) => tag("path", { class: "mark one", d: shapes.circle(place([x, Y[i]])) })).join(""),
  });
}

/** The score over the hyper-parameter, as a share of its highest value above its lowest. */
function acquisition({ scores, at }, width) {
  const [low, high] = [Math.min(...scores), Math.max(...scores)];
  const shares = scores.map((score) => (high > low ? (score - low) / (high - low) : 0));
  return plot({
    name: "acquisition", width, share: 0.5, x: { domain: [0, 1], label: "hyper-parameter", count: 5 },
    y: { domain: [0, 1.1], label: "score, as a share", count: 3 },
    label: `The score over the hyper-parameter; it is highest at ${number(GRID[at])}`,
    marks: (place) => tag("path", { class: "edge", d: `M${place([GRID[at], 0]).join(" ")}L${place([GRID[at], 1.1]).join(" ")}` })
      + trace("one", GRID.map((x, i) => place([x, shares[i]])))
      + tag("path", { class: "mark two", d: shapes.square(place([GRID[at], shares[at]])) }),
  });
}

export default {
  name: "width_acquisition",
  title: "The next point of a Gaussian process, steered by the kernel's width and the acquisition",
  controls: [
    { id: "width", label: "Kernel width ℓ", min: -1.7, max: 0, step: 0.05, at: -0.9,
      value: (position) => Number((10 ** position).toPrecision(3)), words: (value) => number(value) },
    { id: "acquisition", label: "Acquisition", options: Object.keys(NAMES).sort().reverse().map((key) => [key, NAMES[key]]), at: "ei" },
  ],
  panels(values, width) {
    const found = next(values);
    return [
      { key: "belief", svg: belief(found, width),
        caption: "Five losses (dots), the process's mean, and, dashed, two deviations above and below it." },
      { key: "acquisition", svg: acquisition(found, width), caption: "The score. The upright line is where it is highest: the next point." },
    ];
  },
  words(values) {
    const { mean, deviation, at } = next(values);
    const nearest = Math.min(...X.map((x) => Math.abs(x - GRID[at])));
    return `Width ${number(values.width)}, ${NAMES[values.acquisition]}: the next point is ${number(GRID[at])}, `
      + `${number(nearest)} from the nearest measured one. The process expects ${number(mean[at])} there, give or take ${number(deviation[at])}.`;
  },
};
