// A Gaussian process through five losses, and where to ask next by expected improvement or by a confidence bound.
// tests/chapters/test_interactive.py holds it to solutions/model_selection.

export const NOISE = 0.05;
export const X = [0.08, 0.3, 0.52, 0.66, 0.95];
export const Y = [1.1, 0.2, -0.9, -0.4, 1.2];
export const GRID = Array.from({ length: 201 }, (_, i) => i / 200);

/** exp(-(a-b)²/2ℓ²). */
export const rbf = (a, b, width) => Math.exp(-(((a - b) / width) ** 2) / 2);

/** L with L Lᵀ = K, lower triangular. */
function cholesky(K) {
  const L = K.map((row) => row.map(() => 0));
  for (let i = 0; i < K.length; i += 1) {
    for (let j = 0; j <= i; j += 1) {
      let rest = K[i][j];
      for (let k = 0; k < j; k += 1) rest -= L[i][k] * L[j][k];
      L[i][j] = i === j ? Math.sqrt(rest) : rest / L[j][j];
    }
  }
  return L;
}

/** x with L x = b. */
function forward(L, b) {
  const x = [];
  for (let i = 0; i < b.length; i += 1) {
    let rest = b[i];
    for (let k = 0; k < i; k += 1) rest -= L[i][k] * x[k];
    x.push(rest / L[i][i]);
  }
  return x;
}

const dot = (a, b) => a.reduce((sum, x, i) => sum + x * b[i], 0);

/** Mean and deviation of the process at new points. */
export function posterior(points, { width, noise = NOISE, x = X, y = Y }) {
  const L = cholesky(x.map((a, i) => x.map((b, j) => rbf(a, b, width) + (i === j ? noise ** 2 : 0))));
  const weights = forward(L, y);
  const columns = points.map((point) => forward(L, x.map((a) => rbf(a, point, width))));
  return { mean: columns.map((v) => dot(v, weights)),
    deviation: columns.map((v) => Math.sqrt(Math.max(1 - dot(v, v), 0))) };
}

/** erfc of z ≥ 0: a series of positive terms for erf, and a continued fraction where that is nearly 1. */
function complement(z) {
  const scale = Math.exp(-z * z);
  if (z < 2.5) {
    let [term, sum] = [z, z];
    for (let n = 1; term > 1e-18 * sum; n += 1) {
      term *= (2 * z * z) / (2 * n + 1);
      sum += term;
    }
    return 1 - (2 / Math.sqrt(Math.PI)) * scale * sum;
  }
  let below = z;
  for (let n = 80; n > 0; n -= 1) below = z + n / 2 / below;
  return scale / Math.sqrt(Math.PI) / below;
}

/** Φ(z). */
export function normalCdf(z) {
  const tail = complement(Math.abs(z) / Math.SQRT2) / 2;
  return z < 0 ? tail : 1 - tail;
}

/** E[max(0, best - f)]. */
export function expectedImprovement(mean, deviation, best) {
  const z = (best - mean) / deviation;
  return (best - mean) * normalCdf(z) + (deviation * Math.exp((-z * z) / 2)) / Math.sqrt(2 * Math.PI);
}

/** -mean + κ deviation. */
export const upperConfidenceBound = (mean, deviation, kappa) => -mean + kappa * deviation;

/** The scores over the grid and the point that is asked next. */
export function next({ width, acquisition }, points = GRID) {
  const { mean, deviation } = posterior(points, { width });
  const best = Math.min(...Y);
  const scores = mean.map((m, i) => (acquisition === "ei" ? expectedImprovement(m, deviation[i], best)
    : upperConfidenceBound(m, deviation[i], Number(acquisition))));
  const at = scores.indexOf(Math.max(...scores));
  return { mean, deviation, scores, at };
}
