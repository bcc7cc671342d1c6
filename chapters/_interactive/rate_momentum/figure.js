import { levelLines } from "../base/levels.js";
import { number, path, plot, segments, shapes, tag, trace } from "../base/drawing.js";
import { CURVATURES, descend, heavyBallRate, limit, loss, motion, slowest, STEPS } from "./mathematics.js";

const RATES = [0, 1];
const LEVELS = [0.75, 0.8, 0.85, 0.9, 0.95];
const WINDOW = [-6, 3, -3, 3];
const rates = LEVELS.map((level) =>
  [level, levelLines(([lr, momentum]) => slowest({ lr, momentum }), [0.006, 1, 0, 0.99], [level], 60, 50)[0]]);
const ground = levelLines(loss, WINDOW, [0.1, 0.5, 2, 5, 10], 48, 32).flat();

function map({ lr, momentum }, width) {
  return plot({
    name: "map", width, share: 0.8, x: { domain: RATES, label: "rate η" }, y: { domain: [0, 1], label: "momentum μ" },
    label: `Map of rate and momentum; the point is at rate ${number(lr)}, momentum ${number(momentum)}, where the slowest `
      + `direction's factor is ${number(slowest({ lr, momentum }), 3)}`,
    marks: (place) => rates.map(([level, lines]) => {
      const [x, y] = place([0.6, level ** 2]); // where both directions swing the factor is √μ
      return tag("path", { class: "level", d: segments(lines, place) })
        + tag("text", { x, y: y - 2, "text-anchor": "middle" }, String(level));
    }).join("") + tag("path", { class: "edge", d: path([0, 1].map((mu) => place([limit(mu), mu]))) }) + tag("text", { x: place([0.98, 0.2])[0], y: place([0.98, 0.2])[1], "text-anchor": "end" }, "diverges")
      + tag("path", { class: "mark two", d: shapes.circle(place([lr, momentum]), 6) }),
  });
}

const ravine = (walked, width) => plot({
  name: "path", width, share: 0.8, x: { domain: WINDOW.slice(0, 2), label: "x" }, y: { domain: WINDOW.slice(2), label: "y" },
  label: `The path of ${STEPS} steps in the ravine, from the left; a cross marks the minimum`,
  marks: (place) => tag("path", { class: "level", d: segments(ground, place) })
    + tag("path", { class: "minimum", d: shapes.cross(place([0, 0])) }) + trace("two thin", walked.map(place), "circle"),
});

export default {
  name: "rate_momentum",
  title: "Heavy ball in a ravine, steered by rate and momentum",
  controls: [
    { id: "lr", label: "Rate η", min: 0.01, max: 1, step: 0.01, at: 0.6 },
    { id: "momentum", label: "Momentum μ", min: 0, max: 0.99, step: 0.01, at: 0.5 },
  ],
  panels: (values, width) => [
    { key: "map", svg: map(values, width),
      caption: "A step's factor for the slowest direction: the smaller, the faster. The thick line is the limit, 1." },
    { key: "path", svg: ravine(descend(values), width), caption: `${STEPS} steps in the ravine 0.1 x² + 2 y².` },
  ],
  words(values) {
    const [along, across] = CURVATURES.map((curvature) =>
      `${motion(curvature, values)} (factor ${number(heavyBallRate(curvature, values), 3)})`);
    const end = loss(descend(values).at(-1));
    return `Rate ${number(values.lr)}, momentum ${number(values.momentum)}: along the floor the error ${along}, across it ${across}. `
      + (slowest(values) < 1 ? `After ${STEPS} steps the loss is ${number(end)}.` : "It does not converge.");
  },
};
