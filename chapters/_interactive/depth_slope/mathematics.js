// The product of one factor over depth: what is left of a gradient that each layer multiplies by it.
// tests/chapters/test_interactive.py holds it to solutions/activations.

/** 1, and the product of the first, of the first two … of all factors, one a layer. */
export function products({ depth, slope }) {
  const found = [1];
  for (let layer = 1; layer <= depth; layer += 1) found.push(found.at(-1) * slope);
  return found;
}

/** The factor that leaves the share `left` after `depth` layers. */
export const slopeFor = (left, depth) => left ** (1 / depth);
