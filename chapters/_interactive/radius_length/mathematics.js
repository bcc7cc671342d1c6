// What is left of a gradient that goes back through a linear recurrent layer of two units.
// tests/chapters/test_interactive.py holds it to solutions/recurrence.

export const LONGEST = 200;
export const GRADIENT = [0, 1];

/** A turn and a shear, scaled so that its spectral radius is ρ: eigenvectors that are far from orthogonal. */
export function matrix(radius) {
  const [turn, shear] = [0.25, 4];
  const [c, s] = [Math.cos(turn) * radius, Math.sin(turn) * radius];
  return [[c, -s * shear], [s / shear, c]];
}

const product = (v, W) => W.map((row) => row.reduce((sum, w, j) => sum + w * v[j], 0)); // v Wᵀ

/** ‖g‖ at each step on its way back, that of the end first; every slope is 1. */
export function norms(gradient, W, length) {
  const found = [Math.hypot(...gradient)];
  for (let [k, g] = [0, gradient]; k < length; k += 1) {
    g = product(g, W);
    found.push(Math.hypot(...g));
  }
  return found;
}

/** ρᵏ, what the spectral radius alone says. */
export const power = (radius, length) => radius ** length;

/** Steps until ρᵏ has halved, or doubled where ρ > 1. */
export const halving = (radius) => Math.log(2) / Math.abs(Math.log(radius));
