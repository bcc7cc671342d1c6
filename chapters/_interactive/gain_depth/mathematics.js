// The deviation of signals and of gradients in each layer of a very wide network.
// tests/chapters/test_interactive.py holds it to solutions/initialization.

export const ACTIVATIONS = {
  relu: { activation: (s) => (s > 0 ? s : 0), slope: (s) => (s > 0 ? 1 : 0) },
  tanh: { activation: Math.tanh, slope: (s) => 1 - Math.tanh(s) ** 2 },
  none: { activation: (s) => s, slope: () => 1 },
};

/** The middles of 3200 cells from -8 to 8, and their shares of N(0, 1). */
const CELLS = Array.from({ length: 3200 }, (_, i) => (i - 1599.5) / 200);
const weights = CELLS.map((s) => Math.exp(-(s ** 2) / 2));
const total = weights.reduce((sum, one) => sum + one, 0);
const SHARES = weights.map((one) => one / total);

/** E[f(s)] with s from N(0, q). */
const mean = (f, q) => {
  const root = Math.sqrt(q);
  return CELLS.reduce((sum, s, i) => sum + f(root * s) * SHARES[i], 0);
};

/** The gain that keeps a forward signal, 1/√E[f(s)²]. */
export const ownGain = (name) => 1 / Math.sqrt(mean((s) => ACTIVATIONS[name].activation(s) ** 2, 1));

/** Deviations of z_l and of δ_l, l = 1 … depth; q_l = E[s_l²] goes to g² E[f(s_l)²]. */
export function expectedDeviations({ gain, depth, activation: name }) {
  const { activation, slope } = ACTIVATIONS[name];
  const [forward, factors] = [[], []];
  let q = gain ** 2;
  for (let l = 0; l < depth; l += 1) {
    const square = mean((s) => activation(s) ** 2, q);
    forward.push(Math.sqrt(square - mean(activation, q) ** 2));
    factors.push(Math.sqrt(mean((s) => slope(s) ** 2, q)));
    q = gain ** 2 * square;
  }
  const backward = [];
  factors.reduceRight((above, factor) => {
    backward.unshift(above * factor);
    return above * factor * gain;
  }, 1);
  return { forward, backward };
}
