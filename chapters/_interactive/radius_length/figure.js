import { levelLines } from "../base/levels.js";
import { number, plot, segments, shapes, tag, trace } from "../base/drawing.js";
import { GRADIENT, halving, LONGEST, matrix, norms, power } from "./mathematics.js";

const RADII = [0.7, 1.3];
const LEVELS = [-9, -3, 3, 9]; // powers of ten of what is left
const lines = levelLines(([length, radius]) => length * Math.log10(radius), [0, LONGEST, ...RADII], LEVELS, 50, 60);
const named = { "-9": "10⁻⁹", "-3": "10⁻³", 3: "10³", 9: "10⁹" };

function map({ radius, length }, width) {
  return plot({
    name: "map", width, share: 0.8, x: { domain: [0, LONGEST], label: "length k" }, y: { domain: RADII, label: "spectral radius ρ" },
    label: `Map of length and spectral radius with lines of equal ρ to the power k; the point is at length ${length}, radius `
      + `${number(radius, 3)}, where that is ${number(power(radius, length))}`,
    marks: (place) => LEVELS.map((level, i) => {
      const [x, y] = place([70, 10 ** (level / 70)]);
      return tag("path", { class: "level", d: segments(lines[i], place) })
        + tag("text", { x, y: y + (level > 0 ? -4 : 13) }, named[level]);
    }).join("") + tag("path", { class: "edge", d: `M${place([0, 1]).join(" ")}L${place([LONGEST, 1]).join(" ")}` })
      + tag("path", { class: "mark two", d: shapes.circle(place([length, radius]), 6) }),
  });
}

function walk({ radius, length }, width) {
  const there = norms(GRADIENT, matrix(radius), length);
  return plot({
    name: "walk", width, share: 0.8, x: { domain: [0, LONGEST], label: "steps back k" },
    y: { kind: "log", domain: [1e-12, 1e12], label: "length of the gradient" },
    label: `The length of a gradient on its way back over ${length} steps, on a logarithmic scale, and ρ to the power k beside it`,
    marks: (place) => trace("one thin", [[0, 1], [length, power(radius, length)]].map(place))
      + trace("two thin", there.map((norm, k) => place([k, norm])), "circle")
      + tag("text", { x: place([LONGEST * 0.98, 1])[0], y: 14, "text-anchor": "end", class: "name one" }, "— ρᵏ")
      + tag("text", { x: place([LONGEST * 0.98, 1])[0], y: 29, "text-anchor": "end", class: "name two" }, "– – the gradient"),
  });
}

export default {
  name: "radius_length",
  title: "What is left of a gradient, steered by the spectral radius and the length",
  controls: [
    { id: "radius", label: "Spectral radius ρ", min: 0.7, max: 1.3, step: 0.01, at: 0.95 },
    { id: "length", label: "Length k", min: 1, max: LONGEST, step: 1, at: 100 },
  ],
  panels: (values, width) => [
    { key: "map", svg: map(values, width), caption: "Lines of equal ρᵏ. On the thick line, ρ = 1, nothing changes." },
    { key: "walk", svg: walk(values, width), caption: "A gradient of length 1 on its way back through two linear units." },
  ],
  words(values) {
    const { radius, length } = values;
    const there = norms(GRADIENT, matrix(radius), length);
    const pace = radius === 1 ? "ρᵏ stays 1" : `ρᵏ ${radius < 1 ? "halves" : "doubles"} every ${number(halving(radius))} steps`;
    return `Spectral radius ${number(radius, 3)}, length ${length}: ${pace} and comes to ${number(power(radius, length))}. `
      + `The gradient ends at ${number(there.at(-1))}; on its way it was ${number(Math.max(...there))} at most.`;
  },
};
