import { levelLines } from "../base/levels.js";
import { number, plot, segments, shapes, tag, trace } from "../base/drawing.js";
import { BEST, loss, penalty, solve } from "./mathematics.js";

const WINDOW = [-1.6, 2.4, -1.6, 1.6];
const STRENGTHS = Array.from({ length: 61 }, (_, i) => 10 ** (-2 + i / 20));
const ground = levelLines(loss, WINDOW, [0.05, 0.2, 0.45, 0.8, 1.25], 60, 48).flat();
const names = ["w₁", "w₂"];
const inks = ["one", "two"];

/** The level line of the penalty through the solution, and the loss's. */
function ball(chosen, width) {
  const w = solve(chosen);
  const [size, at] = [penalty(w, chosen), loss(w)];
  return plot({
    name: "ball", width, share: 0.8, x: { domain: WINDOW.slice(0, 2), label: "w₁", count: 4 },
    y: { domain: WINDOW.slice(2), label: "w₂", count: 4 },
    label: `The plane of two weights; the solution is at (${w.map((x) => number(x)).join(", ")}), a cross marks the loss's minimum`,
    marks: (place) => tag("path", { class: "level", d: segments(ground, place) })
      + (at > 1e-9 ? tag("path", { class: "line one thin", d: segments(levelLines(loss, WINDOW, [at], 96, 72)[0], place) }) : "")
      + (size > 1e-9 ? tag("path", { class: "edge", d: segments(levelLines((v) => penalty(v, chosen), WINDOW, [size], 96, 72)[0], place) }) : "")
      + tag("path", { class: "grid", d: `M${place([0, WINDOW[2]]).join(" ")}L${place([0, WINDOW[3]]).join(" ")}`
        + `M${place([WINDOW[0], 0]).join(" ")}L${place([WINDOW[1], 0]).join(" ")}` })
      + tag("path", { class: "minimum", d: shapes.cross(place(BEST)) })
      + tag("path", { class: "mark two", d: shapes.circle(place(w), 6) }),
  });
}

/** Both weights over λ, and the λ chosen. */
function weights(chosen, width) {
  const solved = STRENGTHS.map((strength) => [strength, solve({ ...chosen, strength })]);
  const here = solve(chosen);
  const marks = ["circle", "square"];
  return plot({
    name: "weights", width, share: 0.8, x: { kind: "log", domain: [STRENGTHS[0], STRENGTHS.at(-1)], label: "strength λ" },
    y: { domain: [-0.2, 1.4], label: "weights", count: 4 },
    label: "Both weights over the strength, on a logarithmic axis; a line marks the strength chosen",
    marks: (place) => tag("path", { class: "edge", d: `M${place([chosen.strength, -0.2]).join(" ")}L${place([chosen.strength, 1.4]).join(" ")}` })
      + inks.map((ink, i) => trace(ink, solved.map(([strength, w]) => place([strength, w[i]])))
        + tag("path", { class: `mark ${ink}`, d: shapes[marks[i]](place([chosen.strength, here[i]])) })
        + tag("text", { x: place([STRENGTHS.at(-1), 0])[0] - 4, y: 14 + 15 * i, "text-anchor": "end", class: `name ${ink}` },
          `${i ? "– –" : "—"} ${names[i]}`)).join(""),
  });
}

export default {
  name: "penalty_mixing",
  title: "The ball of a penalty and the solution, steered by strength and mixing",
  controls: [
    { id: "strength", label: "Strength λ", min: -2, max: 1, step: 0.05, at: -0.15,
      value: (position) => Number((10 ** position).toPrecision(3)), words: (value) => number(value) },
    { id: "mixing", label: "Mixing ρ (0 is L2, 1 is L1)", min: 0, max: 1, step: 0.05, at: 1,
      value: (position) => Number(position.toFixed(2)) },
  ],
  panels: (values, width) => [
    { key: "ball", svg: ball(values, width),
      caption: "Level lines of the loss, and in bold those through the solution, the dot: of the loss, round the cross, and of the penalty, round zero." },
    { key: "weights", svg: weights(values, width), caption: "Both weights over λ." },
  ],
  words(values) {
    const w = solve(values);
    const zeros = w.map((x, i) => [x, names[i]]).filter(([x]) => x === 0).map(([, name]) => name);
    const said = zeros.length ? `${zeros.join(" and ")} ${zeros.length > 1 ? "are" : "is"} exactly zero` : "no weight is zero";
    return `Strength ${number(values.strength)}, mixing ${number(values.mixing)}: the solution is `
      + `w₁ = ${number(w[0])}, w₂ = ${number(w[1])}; ${said}. The loss there is ${number(loss(w))}, the penalty ${number(penalty(w, values))}.`;
  },
};
