// Mini-batch gradient descent on least squares in two dimensions; tests/chapters/test_interactive.py holds it to
// solutions/gradient_descent.

export const EXAMPLES = 64;
export const EPOCHS = 16;
export const START = [-2.5, 2];

/** Numbers in [0, 1) that are the same in every browser: the generator mulberry32. */
export function generator(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** Features of two different sizes, and targets with a noise of their own; the same for every setting. */
export function examples(seed = 1) {
  const draw = generator(seed);
  const spread = () => 2 * Math.sqrt(3) * (draw() - 0.5);            // mean 0, deviation 1
  const X = Array.from({ length: EXAMPLES }, () => [1.4 * spread(), 0.7 * spread()]);
  return { X, y: X.map(([a, b]) => 0.5 * a - 0.5 * b + spread()) };
}

/** In which order each epoch takes the examples: a shuffle for each. */
export function orders(seed = 2, epochs = EPOCHS) {
  const draw = generator(seed);
  return Array.from({ length: epochs }, () => {
    const order = Array.from({ length: EXAMPLES }, (_, i) => i);
    for (let i = EXAMPLES - 1; i > 0; i -= 1) {
      const j = Math.floor(draw() * (i + 1));
      [order[i], order[j]] = [order[j], order[i]];
    }
    return order;
  });
}

/** Half the mean squared error. */
export const loss = (params, X, y) =>
  X.reduce((sum, x, n) => sum + (x[0] * params[0] + x[1] * params[1] - y[n]) ** 2, 0) / (2 * y.length);

/** The mean gradient over a batch. */
export function gradient(params, X, y, batch) {
  const sum = [0, 0];
  for (const n of batch) {
    const error = X[n][0] * params[0] + X[n][1] * params[1] - y[n];
    sum[0] += error * X[n][0];
    sum[1] += error * X[n][1];
  }
  return sum.map((g) => g / batch.length);
}

/** The start and the parameters after each step; it ends early where it diverges. */
export function minibatchSgd(params, X, y, epochs, { lr, batchSize }) {
  const path = [params];
  for (const order of epochs) {
    for (let at = 0; at < order.length; at += batchSize) {
      const [a, b] = path.at(-1);
      const [g, h] = gradient([a, b], X, y, order.slice(at, at + batchSize));     // θ ← θ - η 1/B Σ_{n∈m} ∇E_n(θ)
      path.push([a - lr * g, b - lr * h]);
      if (!(Math.abs(a) < 1e6)) return path;
    }
  }
  return path;
}

/** Where the loss over all examples is least: the normal equations of two unknowns. */
export function minimum(X, y) {
  const [a, b, c, p, q] = X.reduce(([a, b, c, p, q], [u, v], n) =>
    [a + u * u, b + u * v, c + v * v, p + u * y[n], q + v * y[n]], [0, 0, 0, 0, 0]);
  return [(c * p - b * q) / (a * c - b * b), (a * q - b * p) / (a * c - b * b)];
}
