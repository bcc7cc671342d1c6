// Which inputs an output of one or of several convolutions sees; tests/chapters/test_interactive.py holds it to
// solutions/convolution. A layer is { kernel, stride, dilation, padding }.

export const INPUTS = 45;
export const LAYERS = 2;
export const KERNEL = 3;

/** How many places a window has: ⌊(n + 2p - d(k-1) - 1)/s⌋ + 1. */
export const outputSize = (size, { kernel, stride, dilation, padding = 0 }) =>
  Math.floor((size + 2 * padding - dilation * (kernel - 1) - 1) / stride) + 1;

/** The inputs that output j meets, sj + di - p, one for each entry of the kernel. */
export const met = (j, { kernel, stride, dilation, padding = 0 }) =>
  Array.from({ length: kernel }, (_, i) => stride * j + dilation * i - padding);

const ascending = (places) => [...new Set(places)].sort((a, b) => a - b);

/** What output j of the last layer sees: the places of each layer, from the output down to the input. */
export function seen(j, layers) {
  const levels = [[j]];
  for (const layer of [...layers].reverse()) levels.push(ascending(levels.at(-1).flatMap((place) => met(place, layer))));
  return levels;
}

/** size, from the first input that one output sees to the last; jump, from one output's first to the next one's. */
export function receptiveField(layers) {
  let [size, jump] = [1, 1];
  for (const { kernel, stride, dilation } of layers) {
    size += dilation * (kernel - 1) * jump;       // r ← r + d(k-1) j
    jump *= stride;                               // j ← s j
  }
  return { size, jump };
}

/** The pattern of a layer's matrix: for each output which inputs it meets, 1 or 0. */
export const pattern = (size, layer) => Array.from({ length: Math.max(outputSize(size, layer), 0) }, (_, j) => {
  const places = new Set(met(j, layer));
  return Array.from({ length: size }, (_, t) => (places.has(t) ? 1 : 0));
});
