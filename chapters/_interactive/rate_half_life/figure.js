import { number, plot, tag, trace } from "../base/drawing.js";
import { expectedLosses, schedule, STEPS, TASK } from "./mathematics.js";

const [LOWEST, HIGHEST] = [0.003, 300];
const steps = { domain: [0, STEPS], label: "steps", count: 4 };
const thinned = (values) => values.map((value, t) => [t, value]).filter(([t]) => t % 4 === 0 || t < 40);
const ending = { constant: "one", decaying: "two" };

/** The same rate kept, to compare with. */
const both = (chosen) => ({
  constant: schedule({ ...chosen, halfLife: Infinity }), decaying: schedule(chosen),
});

const curves = (name, label, y, lines, width) => plot({
  name, label, width, share: 0.8, x: steps, y,
  marks: (place) => Object.entries(lines).map(([key, values]) =>
    trace(`${ending[key]} thin`, thinned(values).map(place), key === "decaying" ? "circle" : undefined)).join("")
    + Object.keys(lines).map((key, i) => tag("text", { x: place([STEPS * 0.98, 1])[0], y: 14 + 15 * i,
      "text-anchor": "end", class: `name ${ending[key]}` }, key === "constant" ? "— the rate kept" : "– – halved")).join(""),
});

const losses = (chosen) => Object.fromEntries(Object.entries(both(chosen)).map(([key, lrs]) =>
  [key, expectedLosses(lrs, TASK)]));

export default {
  name: "rate_half_life",
  title: "A rate that halves, steered by the first rate and the half-life",
  controls: [
    { id: "lr", label: "First rate η₀", min: -2, max: 0.4, step: 0.05, at: 0,
      value: (position) => Number((10 ** position).toPrecision(2)) },
    { id: "halfLife", label: "Half-life", min: 1, max: 3, step: 0.05, at: 2.3, words: (value) => `${value} steps`,
      value: (position) => Number((10 ** position).toPrecision(2)) },
  ],
  panels: (values, width) => [
    { key: "schedule", caption: "The rate of each step.", svg: curves("schedule",
      "The rate over the steps, on a logarithmic scale; the constant one beside it",
      { kind: "log", domain: [1e-4, 10], label: "rate" }, both(values), width) },
    { key: "loss", caption: "The mean loss, exactly.", svg: curves("loss",
      "The mean loss over the steps, on a logarithmic scale, with the decaying rate and with the constant one",
      { kind: "log", domain: [LOWEST, HIGHEST], label: "mean loss" }, losses(values), width) },
  ],
  words(values) {
    const { constant, decaying } = losses(values);
    const said = (one) => (one.at(-1) > one[0] ? "diverges" : `ends at a mean loss of ${number(one.at(-1))}`);
    return `First rate ${number(values.lr)}, halved every ${values.halfLife} steps: after ${STEPS} steps it ${said(decaying)}. `
      + `The same rate kept ${said(constant)}.`;
  },
};
