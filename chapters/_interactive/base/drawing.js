// Drawings as text: no page is needed, so the build draws a figure's first setting and the browser every other one.
import { scaleLinear, scaleLog } from "d3-scale";
import { line } from "d3-shape";

const MARGIN = { left: 54, right: 10, top: 8, bottom: 36 };
const scales = { linear: scaleLinear, log: scaleLog };

export const tag = (name, attributes, inner = "") =>
  `<${name}${Object.entries(attributes).map(([key, value]) => ` ${key}="${value}"`).join("")}>${inner}</${name}>`;

const round = (x) => Math.round(x * 10) / 10;
const far = (x) => Math.min(Math.max(x, -9999), 9999);

/** Two or three digits; what is very small or large as a power of ten. */
export const number = (x, digits = 2) => {
  if (x === 0) return "0";
  if (!Number.isFinite(x)) return "∞";
  if (Math.abs(x) < 1e-3 || Math.abs(x) >= 1e4) {
    const [digit, exponent] = x.toExponential(1).split("e");
    return `${digit}·10${[...String(Number(exponent))].map((one) => "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"["-0123456789".indexOf(one)]).join("")}`;
  }
  return String(Number(x.toPrecision(digits))).replace("-", "−");
};

const power = (x) => {
  const exponent = Math.round(Math.log10(x));
  return exponent === 0 ? "1" : `10${tag("tspan", { dy: -5, "font-size": 9 }, String(exponent).replace("-", "−"))}`;
};

/** Round numbers of an axis: d3's, and of a logarithmic one the powers of ten, thinned to what fits. */
function ticks(scale, axis) {
  if (axis.kind !== "log") return scale.ticks(axis.count ?? 5);
  const powers = scale.ticks(30).filter((x) => Math.abs(Math.log10(x) - Math.round(Math.log10(x))) < 1e-9);
  const step = Math.ceil(powers.length / 6);
  return powers.filter((_, i) => i % step === 0);
}

/**
 * One drawing. `x` and `y` are axes, { kind: "linear" | "log", domain, label, count }; `marks(place)` are its insides,
 * where `place([x, y])` is a point in pixels. A `bare` drawing, a map, has no axes and the shape of its domain.
 */
export function plot({ name, label, width, share = 0.72, x, y, bare = false, marks }) {
  const size = bare ? { left: 0, right: 0, top: 0, bottom: 0 } : MARGIN;
  const ratio = bare ? (y.domain[1] - y.domain[0]) / (x.domain[1] - x.domain[0]) : share;
  const height = Math.round(width * ratio);
  const [inner, tall] = [width - size.left - size.right, height - size.top - size.bottom];
  const across = scales[x.kind ?? "linear"]().domain(x.domain).range([0, inner]);
  const up = scales[y.kind ?? "linear"]().domain(y.domain).range([tall, 0]);
  const bounded = (value, { kind, domain }) => (kind === "log" ? Math.max(value, domain[0] / 1e3) : value);
  const place = ([a, b]) => [round(far(across(bounded(a, x)))), round(far(up(bounded(b, y))))];
  const inside = tag("svg", { x: size.left, y: size.top, width: inner, height: tall, class: "inside", "aria-hidden": "true" }, marks(place));
  const drawn = bare ? inside : axes({ across, up, x, y, size, inner, tall, height }) + inside;
  return tag("svg", { role: "img", "aria-label": label, viewBox: `0 0 ${width} ${height}`, "data-drawing": name }, drawn);
}

function axes({ across, up, x, y, size, inner, tall, height }) {
  const said = (axis, value) => (axis.kind === "log" ? power(value) : number(value, 3));
  const rows = ticks(up, y).map((value) => {
    const at = round(size.top + up(value));
    return tag("path", { class: "grid", d: `M${size.left} ${at}h${inner}` })
      + tag("text", { x: size.left - 6, y: at + 4, "text-anchor": "end" }, said(y, value));
  });
  const columns = ticks(across, x).map((value) => {
    const at = round(size.left + across(value));
    return tag("path", { class: "grid", d: `M${at} ${size.top}v${tall}` })
      + tag("text", { x: at, y: size.top + tall + 15, "text-anchor": at > size.left + inner - 8 ? "end" : "middle" },
        said(x, value));
  });
  return rows.join("") + columns.join("")
    + tag("text", { class: "axis", x: size.left + inner / 2, y: height - 4, "text-anchor": "middle" }, x.label)
    + tag("text", { class: "axis", x: 0, y: 0, "text-anchor": "middle",
      transform: `translate(9 ${size.top + tall / 2}) rotate(-90)` }, y.label);
}

/** A line through points of a drawing; points that are not finite leave a gap. */
export const path = (points) => line().defined((p) => p.every(Number.isFinite))(points) ?? "";

/** Segments [x1, y1, x2, y2] of level lines as one path. */
export const segments = (lines, place) =>
  lines.map(([a, b, c, d]) => {
    const [[x, y], [u, v]] = [place([a, b]), place([c, d])];
    return `M${x} ${y}l${round(u - x)} ${round(v - y)}`;
  }).join("");

const corners = (points) => `M${points.map((p) => p.map(round).join(" ")).join("L")}Z`;

/** Marks of shapes of their own, round [x, y], so that no line is told by its colour alone. */
export const shapes = {
  circle: ([x, y], r = 5) => `M${round(x - r)} ${round(y)}a${r} ${r} 0 1 0 ${2 * r} 0a${r} ${r} 0 1 0 ${-2 * r} 0Z`,
  square: ([x, y], r = 5) => corners([[x - r, y - r], [x + r, y - r], [x + r, y + r], [x - r, y + r]]),
  triangle: ([x, y], r = 5) => corners([[x, y - 1.25 * r], [x + 1.2 * r, y + r], [x - 1.2 * r, y + r]]),
  diamond: ([x, y], r = 5) => corners([[x, y - 1.4 * r], [x + 1.4 * r, y], [x, y + 1.4 * r], [x - 1.4 * r, y]]),
  wedge: ([x, y], r = 5) => corners([[x, y + 1.25 * r], [x + 1.2 * r, y - r], [x - 1.2 * r, y - r]]),
  cross: ([x, y], r = 7) => `M${round(x - r)} ${round(y - r)}l${2 * r} ${2 * r}m0 ${-2 * r}l${-2 * r} ${2 * r}`,
};

/** A line and, at its end, its mark; `ink` is a class of base.css, which gives the colour and the dashes. */
export const trace = (ink, points, shape) => tag("path", { class: `line ${ink}`, d: path(points) })
  + (shape && points.length ? tag("path", { class: `mark ${ink}`, d: shapes[shape](points.at(-1)) }) : "");
