import { number, plot, tag, trace } from "../base/drawing.js";
import { expectedDeviations, ownGain } from "./mathematics.js";

const BOUNDS = [1e-6, 1e6];
const names = { relu: "ReLU", tanh: "tanh", none: "no activation" };
const kept = {};

/** The deviations at the gain chosen, and at the activation's own. */
function signals(chosen) {
  const key = Object.values(chosen).join(" ");
  if (kept.key !== key) {
    Object.assign(kept, { key, chosen: expectedDeviations(chosen),
      own: expectedDeviations({ ...chosen, gain: ownGain(chosen.activation) }) });
  }
  return kept;
}

const curves = (side, label, words, values, width) => {
  const lines = signals(values);
  const within = (y) => Math.min(Math.max(y, BOUNDS[0] / 10), BOUNDS[1] * 10);
  const points = (line, place) => line[side].map((y, i) => place([i + 1, within(y)]));
  return plot({
    name: side, label: words, width, share: 0.8, x: { domain: [0, values.depth + 1], label: "layer", count: 5 },
    y: { kind: "log", domain: BOUNDS, label },
    marks: (place) => trace("one thin", points(lines.own, place)) + trace("two thin", points(lines.chosen, place), "circle")
      + ["— at the activation’s own gain", "– – at the gain chosen"].map((text, i) =>
        tag("text", { x: place([values.depth, 1])[0], y: 14 + 15 * i, "text-anchor": "end",
          class: `name ${["one", "two"][i]}` }, text)).join(""),
  });
};

export default {
  name: "gain_depth",
  title: "The deviation in each layer, steered by the gain and the depth",
  controls: [
    { id: "gain", label: "Gain g, where Var w = g²/D", min: 0.1, max: 3, step: 0.05, at: 1,
      value: (position) => Number(position.toFixed(2)) },
    { id: "depth", label: "Depth", min: 2, max: 50, step: 1, at: 20, words: (value) => `${value} layers` },
    { id: "activation", label: "Activation", options: Object.entries(names), at: "relu" },
  ],
  panels: (values, width) => [
    { key: "forward", caption: "Forward: the outputs of each layer.", svg: curves("forward", "deviation of z",
      "The deviation of each layer's outputs on a logarithmic scale, at the gain chosen and at the activation's own",
      values, width) },
    { key: "backward", caption: "Backward, from the right: the gradient.", svg: curves("backward", "deviation of δ",
      "The deviation of the gradient in each layer on a logarithmic scale, at the gain chosen and at the activation's own",
      values, width) },
  ],
  words(values) {
    const { forward, backward } = signals(values).chosen;
    return `Gain ${number(values.gain)}, ${values.depth} layers, ${names[values.activation]}: the last layer’s outputs have the `
      + `deviation ${number(forward.at(-1))}, and the gradient in the first layer has ${number(backward[0])}. `
      + `The activation’s own gain is ${number(ownGain(values.activation), 3)}.`;
  },
};
