// Heavy ball in a ravine: the path, and the factor by which a step multiplies the error in the long run.
// tests/chapters/test_interactive.py holds it to solutions/momentum.
import { momentumStep, velocityInit } from "../race/mathematics.js";

/** E = ½ Σ λᵢ xᵢ², the ravine of the chapter on momentum. */
export const CURVATURES = [0.2, 4];
export const START = [-5, -2];
export const STEPS = 60;

export const loss = (params) => CURVATURES.reduce((sum, curvature, i) => sum + (curvature * params[i] ** 2) / 2, 0);

/** The spectral radius of [[1+μ-ηλ, -μ], [1, 0]]: both roots of r² - 2hr + μ, h = (1+μ-ηλ)/2. */
export function heavyBallRate(curvature, { lr, momentum }) {
  const h = (1 + momentum - lr * curvature) / 2;
  const square = h ** 2 - momentum;
  return square < 0 ? Math.sqrt(momentum) : Math.abs(h) + Math.sqrt(square);
}

/** The factor of the slowest direction. */
export const slowest = (chosen) => Math.max(...CURVATURES.map((curvature) => heavyBallRate(curvature, chosen)));

/** The rate from which on the steepest direction diverges, 2(1+μ)/λ. */
export const limit = (momentum) => (2 * (1 + momentum)) / Math.max(...CURVATURES);

/** How an error goes along a direction: 'creeps', 'swings' round zero over many steps, or 'jumps' to the other side. */
export function motion(curvature, { lr, momentum }) {
  const h = (1 + momentum - lr * curvature) / 2;
  if (h ** 2 < momentum) return "swings";
  return h > 0 ? "creeps" : "jumps";
}

/** The start and the point after each step. */
export function descend(chosen, steps = STEPS) {
  let [params, state] = [START, velocityInit(START)];
  const path = [params];
  for (let t = 0; t < steps; t += 1) {
    [params, state] = momentumStep(params, params.map((x, i) => CURVATURES[i] * x), state, chosen);
    path.push(params);
  }
  return path;
}
