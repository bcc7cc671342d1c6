// A quadratic loss of two weights and the elastic net: where the two together are least.
// tests/chapters/test_interactive.py holds it to solutions/regularization.

/** E = ½ (w - best)ᵀ H (w - best). */
export const HESSIAN = [[1, 0.55], [0.55, 0.6]];
export const BEST = [1.3, 0.8];

export function loss(w) {
  const [a, b] = w.map((x, i) => x - BEST[i]);
  return (HESSIAN[0][0] * a ** 2 + 2 * HESSIAN[0][1] * a * b + HESSIAN[1][1] * b ** 2) / 2;
}

/** R = ρ Σ|w| + (1-ρ)/2 Σ w². */
export const penalty = (w, { mixing }) =>
  w.reduce((sum, x) => sum + mixing * Math.abs(x) + ((1 - mixing) / 2) * x ** 2, 0);

/** The proximal map of L1. */
export const soft = (z, threshold) => Math.sign(z) * Math.max(Math.abs(z) - threshold, 0);

/** The weights at which E + λ R is least, one set to its best value after the other. */
export function solve({ strength, mixing }, hessian = HESSIAN, best = BEST, sweeps = 400) {
  const w = [0, 0];
  for (let t = 0; t < sweeps; t += 1) {
    for (const j of [0, 1]) {
      const k = 1 - j;
      const pull = hessian[j][0] * best[0] + hessian[j][1] * best[1] - hessian[j][k] * w[k];
      w[j] = soft(pull, strength * mixing) / (hessian[j][j] + strength * (1 - mixing));
    }
  }
  return w;
}
