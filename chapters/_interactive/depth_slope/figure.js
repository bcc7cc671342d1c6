import { number, path, plot, shapes, tag, trace } from "../base/drawing.js";
import { products, slopeFor } from "./mathematics.js";

const DEPTHS = [1, 100];
const SLOPES = [0.5, 1.5];
const LEVELS = [[1e-9, "10⁻⁹"], [1e-3, "10⁻³"], [0.1, "0.1"], [1, "1"], [10, "10"], [1e3, "10³"], [1e9, "10⁹"]];
const depths = Array.from({ length: 100 }, (_, i) => i + 1);
const border = LEVELS.map(([left, name]) => [left, name, depths.map((depth) => [depth, slopeFor(left, depth)])]);

const fall = (values, width) => plot({
  name: "product", width, share: 0.8, x: { domain: [0, 100], label: "layers passed", count: 5 },
  y: { kind: "log", domain: [1e-12, 1e8], label: "what is left" },
  label: "What is left of a gradient, on a logarithmic scale, against the layers it has passed: a straight line",
  marks: (place) => tag("path", { class: "edge", d: path([place([0, 1]), place([100, 1])]) })
    + trace("one", products(values).map((left, layer) => place([layer, left])), "circle"),
});

const map = ({ depth, slope }, width) => plot({
  name: "map", width, share: 0.8, x: { domain: DEPTHS, label: "depth L", count: 5 },
  y: { domain: SLOPES, label: "factor of a layer" },
  label: `Map of depth and factor; the point is at depth ${depth} and factor ${number(slope, 3)}. The lines of equal `
    + "products close in on the factor 1 as the depth grows",
  marks: (place) => border.map(([left, name, points]) => {
    const shown = depths.find((d) => slopeFor(left, d) > 0.56 && slopeFor(left, d) < 1.44) ?? 1;
    const at = left === 1 ? 60 : Math.max(shown, 6);
    const [x, y] = place([at, slopeFor(left, at)]);
    return tag("path", { class: left === 1 ? "edge" : "level", d: path(points.map(place)) })
      + tag("text", { x: x + 4, y: y + (left < 1 ? 12 : -4) }, name);
  }).join("") + tag("path", { class: "mark two", d: shapes.circle(place([depth, slope]), 6) }),
});

export default {
  name: "depth_slope",
  title: "The product of a layer's factor over depth",
  controls: [
    { id: "depth", label: "Depth L", min: 1, max: 100, step: 1, at: 50, words: (value) => `${value} layers` },
    { id: "slope", label: "Factor of each layer", min: 0.5, max: 1.5, step: 0.01, at: 0.9 },
  ],
  panels: (values, width) => [
    { key: "product", svg: fall(values, width), caption: "What is left after each layer; the thick line is 1." },
    { key: "map", svg: map(values, width), caption: "Lines of equal products. The deeper, the closer to 1 a factor must be." },
  ],
  words({ depth, slope }) {
    const left = products({ depth, slope }).at(-1);
    const [low, high] = [0.1, 10].map((share) => number(slopeFor(share, depth), 3));
    const said = left < 0.1 ? "it vanishes" : left > 10 ? "it explodes" : "it stays within a factor of ten";
    return `${depth} layers with the factor ${number(slope, 3)} leave ${number(left, 3)} of a gradient: ${said}. `
      + `At this depth it stays within a factor of ten for factors from ${low} to ${high}.`;
  },
};
