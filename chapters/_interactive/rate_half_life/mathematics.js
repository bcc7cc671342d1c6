// A rate that halves every so many steps, and the mean loss of gradient descent with fresh noise in every gradient.
// tests/chapters/test_interactive.py holds it to solutions/learning_rates.

export const STEPS = 1000;
export const TASK = { curvature: [1, 0.02], noise: 1, start: [10, 10] };

/** Exponential decay, η_t = η₀ 2^(-t/h) with the half-life h. */
export const exponential = (t, { lr, halfLife }) => lr * 2 ** (-t / halfLife);

/** E[θ²] ← (1-ηλ)² E[θ²] + η²σ² along every direction; the loss ½ Σ λ E[θ²] before the first step and after each. */
export function expectedLosses(lrs, { curvature, noise, start }) {
  let squares = start.map((x) => x ** 2);
  const total = () => squares.reduce((sum, square, i) => sum + square * curvature[i], 0) / 2;
  return [total(), ...lrs.map((lr) => {
    squares = squares.map((square, i) => (1 - lr * curvature[i]) ** 2 * square + (lr * noise) ** 2);
    return total();
  })];
}

/** The schedule of a setting, a rate for each step. */
export const schedule = (chosen, steps = STEPS) => Array.from({ length: steps }, (_, t) => exponential(t, chosen));
