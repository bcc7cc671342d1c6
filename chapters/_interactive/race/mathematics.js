// The mathematics of the race: surfaces, steps and paths. Nothing here touches the page; tests/chapters/test_race.py
// runs it under Node and holds the steps to solutions/.
//
// A step takes and returns values, as in the Python: (params, grads, state, settings) -> [params, state]. Vectors are
// plain arrays. The formulas stand in the same order of operations as in solutions/*/reference.py.

const map = (f, ...vectors) => vectors[0].map((_, i) => f(...vectors.map((v) => v[i])));
const zeros = (params) => params.map(() => 0);

// ------------------------------------------------------------------------------------------------------------- the steps

export const velocityInit = (params) => ({ v: zeros(params) });

/** Heavy ball, PyTorch's form: v_t = μ v_{t-1} + g_t, θ_t = θ_{t-1} - η v_t. With μ = 0 it is gradient descent. */
export function momentumStep(params, grads, state, { lr, momentum = 0.9 }) {
  const v = map((v, g) => momentum * v + g, state.v, grads);
  return [map((p, v) => p - lr * v, params, v), { v }];
}

/** Nesterov's momentum, PyTorch's form: the parameters are the point ahead. */
export function nesterovStep(params, grads, state, { lr, momentum = 0.9 }) {
  const v = map((v, g) => momentum * v + g, state.v, grads);
  return [map((p, g, v) => p - lr * (g + momentum * v), params, grads, v), { v }];
}

export const squaresInit = (params) => ({ v: zeros(params) });

/** AdaGrad: h_t = h_{t-1} + g_t², θ_t = θ_{t-1} - η g_t / (√h_t + ε). */
export function adagradStep(params, grads, state, { lr, eps = 1e-10 }) {
  const v = map((h, g) => h + g ** 2, state.v, grads);
  return [map((p, g, h) => p - (lr * g) / (Math.sqrt(h) + eps), params, grads, v), { v }];
}

/** RMSProp: v_t = ρ v_{t-1} + (1-ρ) g_t², θ_t = θ_{t-1} - η g_t / (√v_t + ε). */
export function rmspropStep(params, grads, state, { lr, rho = 0.99, eps = 1e-8 }) {
  const v = map((v, g) => rho * v + (1 - rho) * g ** 2, state.v, grads);
  return [map((p, g, v) => p - (lr * g) / (Math.sqrt(v) + eps), params, grads, v), { v }];
}

export const adamInit = (params) => ({ m: zeros(params), v: zeros(params), t: 0 });

/** Adam, ε outside the root: θ_t = θ_{t-1} - η m̂_t / (√v̂_t + ε). */
export function adamStep(params, grads, state, { lr, beta1 = 0.9, beta2 = 0.999, eps = 1e-8 }) {
  const t = state.t + 1;
  const m = map((m, g) => beta1 * m + (1 - beta1) * g, state.m, grads);
  const v = map((v, g) => beta2 * v + (1 - beta2) * g ** 2, state.v, grads);
  const [first, second] = [1 - beta1 ** t, 1 - beta2 ** t];
  const moved = map((p, m, v) => p - (lr * (m / first)) / (Math.sqrt(v / second) + eps), params, m, v);
  return [moved, { m, v, t }];
}

// ------------------------------------------------------------------------------------------------------------ the runners

/** Who runs, and which of the reader's two numbers each one takes: the rate always, the momentum where it has one. */
export const runners = {
  gd: { name: "gradient descent", init: velocityInit, step: momentumStep, settings: ({ lr }) => ({ lr, momentum: 0 }) },
  momentum: {
    name: "momentum", init: velocityInit, step: momentumStep, settings: ({ lr, momentum }) => ({ lr, momentum }),
  },
  nesterov: {
    name: "Nesterov", init: velocityInit, step: nesterovStep, settings: ({ lr, momentum }) => ({ lr, momentum }),
  },
  rmsprop: { name: "RMSProp", init: squaresInit, step: rmspropStep, settings: ({ lr }) => ({ lr, rho: 0.9 }) },
  adam: { name: "Adam", init: adamInit, step: adamStep, settings: ({ lr, momentum }) => ({ lr, beta1: momentum }) },
};

// ----------------------------------------------------------------------------------------------------------- the surfaces

const ravine = ([u, v]) => 0.1 * u ** 2 + 2 * v ** 2;
const alongRavine = ([u, v]) => [0.2 * u, 4 * v];
const turn = ([x, y], sign) => [(x + sign * y) * Math.SQRT1_2, (y - sign * x) * Math.SQRT1_2];      // by 45°

/** The lowest value of each surface is 0. `window` is [left, right, bottom, top] of the map. */
export const surfaces = {
  ravine: {
    name: "ravine", loss: ravine, gradient: alongRavine,
    start: [-5, -2], minima: [[0, 0]], window: [-6, 3, -3, 3],
  },
  turned: {
    name: "ravine across the axes", loss: (p) => ravine(turn(p, 1)), gradient: (p) => turn(alongRavine(turn(p, 1)), -1),
    start: turn([-5, -2], -1), minima: [[0, 0]], window: [-6, 3.6, -5.4, 1],
  },
  bent: {
    name: "bent valley", loss: ([x, y]) => ((1 - x) ** 2 + 10 * (y - x ** 2) ** 2) / 20,
    gradient: ([x, y]) => [(x - 1 - 20 * x * (y - x ** 2)) / 10, y - x ** 2],
    start: [-1.6, 0.4], minima: [[1, 1]], window: [-2.25, 2.25, -0.75, 2.25],
  },
  saddle: {
    name: "saddle", loss: ([x, y]) => x ** 2 / 2 + (y ** 2 - 1) ** 2 / 4, gradient: ([x, y]) => [x, y * (y ** 2 - 1)],
    start: [-1.8, 0.02], minima: [[0, 1], [0, -1]], window: [-2.1, 1.5, -1.2, 1.2],
  },
};

/** How far out a runner is taken to have diverged. */
export const LOST = 1e6;

/** A runner's path: the start and the point after each step; it ends early where the runner diverges. */
export function race(surface, runner, chosen, steps) {
  const settings = runner.settings(chosen);
  let [params, state] = [surface.start, runner.init(surface.start)];
  const path = [params];
  for (let t = 0; t < steps; t += 1) {
    [params, state] = runner.step(params, surface.gradient(params), state, settings);
    if (!params.every((x) => Math.abs(x) < LOST)) break;        // not a number fails, too
    path.push(params);
  }
  return path;
}

/** The rate of a slider's position, which is its logarithm: three digits, so that what is shown is what is used. */
export const rateAt = (position) => Number((10 ** position).toPrecision(3));
