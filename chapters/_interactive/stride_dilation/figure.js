import { plot, shapes, tag } from "../base/drawing.js";
import { INPUTS, KERNEL, LAYERS, outputSize, pattern, receptiveField, seen } from "./mathematics.js";

const COLUMNS = 16;
const layerOf = (values) => ({ kernel: KERNEL, padding: 0, ...values });
const stack = (values) => Array.from({ length: LAYERS }, () => layerOf(values));

/** How many places each layer has, the inputs first. */
const sizes = (layers) => layers.reduce((found, layer) => [...found, outputSize(found.at(-1), layer)], [INPUTS]);

/** Where a place stands in the drawing: above the middle of what it sees. */
const middle = (place, below) => {
  const { size, jump } = receptiveField(below);
  return place * jump + (size - 1) / 2;
};

function tree(values, width) {
  const layers = stack(values);
  const counts = sizes(layers);
  const height = (level) => 4 + 19 * level;                       // level 0 is the input
  const chosen = Math.floor((counts.at(-1) - 1) / 2);
  const levels = seen(chosen, layers).reverse();
  const at = (place, level) => [middle(place, layers.slice(0, level)), height(level)];
  return plot({
    name: "tree", width, bare: true, x: { domain: [-1, INPUTS] }, y: { domain: [0, INPUTS + 1] },
    label: `Inputs below, two layers above them. One output of the upper layer is joined to the ${levels[0].length} inputs `
      + "that it sees.",
    marks: (place) => {
      const dots = counts.map((count, level) => tag("path", { class: "level",
        d: Array.from({ length: count }, (_, j) => shapes.circle(place(at(j, level)), 2)).join("") }));
      const lines = levels.slice(1).flatMap((places, level) => places.map((upper) => {
        const [x, y] = place(at(upper, level + 1));
        return seen(upper, [layers[level]])[1].map((lower) => `M${x} ${y}L${place(at(lower, level)).join(" ")}`).join("");
      })).join("");
      const marks = levels.map((places, level) => places.map((one) => shapes.circle(place(at(one, level)), 3.2)).join(""));
      return tag("path", { class: "line one thin", d: lines }) + dots.join("")
        + tag("path", { class: "mark two", d: marks.join("") });
    },
  });
}

function matrix(values, width) {
  const rows = pattern(COLUMNS, layerOf(values));
  return plot({
    name: "matrix", width, bare: true, x: { domain: [0, COLUMNS] }, y: { domain: [0, COLUMNS] },
    label: `The matrix of one layer on ${COLUMNS} inputs: ${rows.length} rows, with ${KERNEL} weights in each.`,
    marks: (place) => {
      const cell = (j, t) => {
        const [[x, y], [u, v]] = [place([t, COLUMNS - j]), place([t + 1, COLUMNS - j - 1])];
        return `M${x} ${y}H${u}V${v}H${x}Z`;
      };
      const every = rows.flatMap((row, j) => row.map((_, t) => cell(j, t))).join("");
      const filled = rows.flatMap((row, j) => row.map((one, t) => (one ? cell(j, t) : ""))).join("");
      return tag("path", { class: "grid", d: every }) + tag("path", { class: "mark one", d: filled });
    },
  });
}

export default {
  name: "stride_dilation",
  title: "What one output of two convolutions sees, steered by stride and dilation",
  controls: [
    { id: "stride", label: "Stride s", min: 1, max: 4, step: 1, at: 2 },
    { id: "dilation", label: "Dilation d", min: 1, max: 4, step: 1, at: 2 },
  ],
  panels: (values, width) => [
    { key: "tree", svg: tree(values, width), caption: `${INPUTS} inputs, and two layers with kernels of ${KERNEL}: what one output sees.` },
    { key: "matrix", svg: matrix(values, width), caption: `One layer's matrix, from ${COLUMNS} inputs: a row for each output.` },
  ],
  words(values) {
    const layers = stack(values);
    const { size, jump } = receptiveField(layers);
    const count = seen(0, layers).at(-1).length;
    return `Stride ${values.stride}, dilation ${values.dilation}: through two layers one output sees ${count} inputs, which span `
      + `${size}${count < size ? ", with gaps" : ""}. The next output's field begins ${jump} further on. `
      + `${INPUTS} inputs become ${sizes(layers).slice(1).join(", then ")} places.`;
  },
};
