import { levelLines } from "../base/levels.js";
import { number, plot, segments, shapes, tag, trace } from "../base/drawing.js";
import { EPOCHS, EXAMPLES, examples, loss, minibatchSgd, minimum, orders, START } from "./mathematics.js";

const WINDOW = [-3, 3, -2.2, 2.6];
const FLOOR = 1e-4;
const { X, y } = examples();
const best = minimum(X, y);
const least = loss(best, X, y);
const epochs = orders();
const ground = levelLines((p) => loss(p, X, y) - least, WINDOW, [0.02, 0.1, 0.3, 1, 2, 4, 7], 48, 40).flat();
const above = (params) => loss(params, X, y) - least;
const kept = {};

/** The path of a setting, and the loss above its least after each step. */
function walk({ lr, batchSize }) {
  if (kept.lr !== lr || kept.batchSize !== batchSize) {
    const path = minibatchSgd(START, X, y, epochs, { lr, batchSize });
    Object.assign(kept, { lr, batchSize, path, losses: path.map(above) });
  }
  return kept;
}

const map = ({ path }, width) => plot({
  name: "path", width, share: 0.8, x: { domain: WINDOW.slice(0, 2), label: "θ₁" },
  y: { domain: WINDOW.slice(2), label: "θ₂" },
  label: `The path of ${path.length - 1} steps from the upper left; a cross marks the least loss over all examples`,
  marks: (place) => tag("path", { class: "level", d: segments(ground, place) }) + trace("one thin", path.map(place), "circle")
    + tag("path", { class: "minimum", d: shapes.cross(place(best)) }),
});

const curve = ({ batchSize, losses }, width) => plot({
  name: "loss", width, share: 0.8, x: { domain: [0, EPOCHS], label: "epochs", count: 4 },
  y: { kind: "log", domain: [FLOOR, 10], label: "loss above its least" },
  label: "The loss over all examples above its least, over the epochs, on a logarithmic scale",
  marks: (place) => trace("one thin", losses.map((height, t) =>
    place([t / Math.ceil(EXAMPLES / batchSize), Math.max(height, FLOOR / 10)]))),
});

/** The mean over the last quarter of the steps: what the noise keeps up. */
const late = (losses) => {
  const last = losses.slice(Math.floor(losses.length * 0.75));
  return last.reduce((sum, one) => sum + one, 0) / last.length;
};

export default {
  name: "batch_size_rate",
  title: "Mini-batch gradient descent, steered by batch size and rate",
  controls: [
    { id: "batchSize", label: "Batch size B", min: 0, max: 6, step: 1, at: 2, value: (position) => 2 ** position },
    { id: "lr", label: "Rate η", min: -2, max: 0.3, step: 0.05, at: -1,
      value: (position) => Number((10 ** position).toPrecision(2)) },
  ],
  panels: (values, width) => [
    { key: "path", svg: map(walk(values), width), caption: `The path over ${EPOCHS} epochs of ${EXAMPLES} examples.` },
    { key: "loss", svg: curve(walk(values), width), caption: "How far the loss is above its least." },
  ],
  words(values) {
    const { path, losses } = walk(values);
    const steps = EPOCHS * Math.ceil(EXAMPLES / values.batchSize);
    const opening = `Batch size ${values.batchSize}, rate ${number(values.lr)}: `;
    return path.length <= steps || !(losses.at(-1) < losses[0]) ? `${opening}it diverges.`
      : `${opening}${steps} steps. Over the last quarter of them the loss is ${number(late(losses))} above its least on average.`;
  },
};
