// What every interactive figure shares: controls, drawings, a summary in a live region, and a run through steps.
//
// A figure is { name, title, controls, panels(values, width), words(values) } and, where it has them, table(values) and
// run: { control, milliseconds }. A control is
//   { id, label, min, max, step, at, value(position), words(value) }     a slider; `value` and `words` may be left out
//   { id, label, options: [[key, name]], at }                            a choice
//   { id, label, boxes: [[key, name]], at: [keys] }                      boxes to tick
// `panels` gives [{ key, caption, svg }]; the build calls it for the first setting, so that a page without scripts, and
// one on paper, has a drawing.
import { tag } from "./drawing.js";

const QUIET = 600; // milliseconds without a change before the summary is read out
const DRAWN = 330; // pixels, the width of a drawing before the page's own is known
const RUN = "Run from the start";

const valueOf = (control, position) => (control.value ? control.value(position) : position);
const wordsOf = (control, value) => (control.words ? control.words(value) : String(value));

/** The values of the first setting. */
export const first = (figure) => Object.fromEntries(figure.controls.map((control) =>
  [control.id, control.min === undefined ? control.at : valueOf(control, control.at)]));

// ------------------------------------------------------------------------------------------------------- for the build

function slider(figure, control) {
  const id = `${figure.name}-${control.id}`;
  const words = wordsOf(control, valueOf(control, control.at));
  return tag("div", {}, tag("label", { for: id }, `${control.label}: ${tag("b", { "data-value": control.id }, words)}`)
    + `<input type="range" id="${id}" min="${control.min}" max="${control.max}" step="${control.step}" `
    + `value="${control.at}" aria-valuetext="${words}">`);
}

function choice(figure, control) {
  const id = `${figure.name}-${control.id}`;
  const options = control.options.map(([key, name]) =>
    `<option value="${key}"${key === control.at ? " selected" : ""}>${name}</option>`).join("");
  return tag("div", {}, tag("label", { for: id }, control.label) + tag("select", { id, autocomplete: "off" }, options));
}

const boxes = (control) => tag("fieldset", { "data-boxes": control.id }, tag("legend", {}, control.label)
  + control.boxes.map(([key, name]) => `<label><input type="checkbox" data-box="${key}" autocomplete="off"`
    + `${control.at.includes(key) ? " checked" : ""}> ${name}</label>`).join(""));

/** The figure as it stands in the page, drawn for its first setting. */
export function html(figure) {
  const values = first(figure);
  const [ticked, others] = [true, false].map((wanted) => figure.controls.filter(({ boxes }) => !!boxes === wanted));
  const controls = tag("div", { class: "controls" },
    others.map((one) => (one.options ? choice : slider)(figure, one)).join("")) + ticked.map(boxes).join("")
    + (figure.run ? `<p><button type="button" data-part="run">${RUN}</button></p>` : "");
  const drawings = figure.panels(values, DRAWN).map(({ key, caption, svg }) =>
    tag("div", { class: "drawing", "data-panel": key }, tag("p", {}, caption) + svg)).join("");
  return tag("section", { class: `interactive ${figure.name}`, id: figure.name, "aria-label": figure.title },
    tag("form", { class: "settings", autocomplete: "off" }, controls)
    + tag("noscript", {}, tag("p", { class: "why" }, "The sliders need scripts, which this browser does not run; "
      + "the drawing shows one setting."))
    + tag("div", { class: "drawings" }, drawings)
    + (figure.table ? tag("div", { "data-part": "table" }, figure.table(values)) : "")
    + tag("p", { class: "summary", role: "status", "aria-live": "polite", "data-part": "summary" }, figure.words(values)));
}

// ------------------------------------------------------------------------------------------------------ in the browser

/** Brings the figure of the page to life. */
export function mount(figure) {
  const root = document.getElementById(figure.name);
  const input = (control) => document.getElementById(`${figure.name}-${control.id}`);
  const [summary, table, button] = ["summary", "table", "run"].map((name) => root.querySelector(`[data-part="${name}"]`));
  const still = window.matchMedia("(prefers-reduced-motion: reduce)");
  let [frame, timer, width] = [0, 0, 0];

  const read = (control) => {
    if (control.boxes) return [...root.querySelectorAll(`[data-boxes="${control.id}"] :checked`)].map((one) => one.dataset.box);
    return control.options ? input(control).value : valueOf(control, Number(input(control).value));
  };

  function show(telling = true) {
    const values = Object.fromEntries(figure.controls.map((control) => [control.id, read(control)]));
    for (const control of figure.controls.filter(({ min }) => min !== undefined)) {
      const words = wordsOf(control, values[control.id]);
      root.querySelector(`[data-value="${control.id}"]`).textContent = words;
      input(control).setAttribute("aria-valuetext", words);
    }
    width = Math.round(root.querySelector(".drawing").clientWidth);
    for (const { key, svg } of figure.panels(values, width)) {
      root.querySelector(`[data-panel="${key}"] > svg`).outerHTML = svg;
    }
    if (table) table.innerHTML = figure.table(values);
    clearTimeout(timer);
    if (telling) timer = setTimeout(() => { summary.textContent = figure.words(values); }, QUIET);
  }

  function stop() {
    cancelAnimationFrame(frame);
    frame = 0;
    button.textContent = RUN;
  }

  /** Runs through the steps, with the drawing in view; who wants no motion sees the end at once. */
  function run() {
    if (frame) return stop();
    const control = figure.controls.find(({ id }) => id === figure.run.control);
    const slider = input(control);
    root.querySelector(".drawing").scrollIntoView({ block: "nearest", behavior: still.matches ? "auto" : "smooth" });
    if (still.matches) {
      slider.value = control.max;
      return show();
    }
    const begun = performance.now();
    button.textContent = "Stop";
    const next = (now) => {
      slider.value = Math.min(control.max, Math.floor((now - begun) / figure.run.milliseconds));
      show();
      if (Number(slider.value) < control.max) frame = requestAnimationFrame(next);
      else stop();
    };
    frame = requestAnimationFrame(next);
  }

  root.addEventListener("input", () => { if (frame) stop(); show(); });
  root.querySelector("form").addEventListener("submit", (event) => event.preventDefault());
  if (button) button.addEventListener("click", run);
  new ResizeObserver(() => requestAnimationFrame(() => {
    if (Math.round(root.querySelector(".drawing").clientWidth) !== width) show(false);
  })).observe(root);
  show(false);
}
