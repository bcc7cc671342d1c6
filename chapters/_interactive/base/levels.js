// Level lines of a function of two numbers, by marching squares.

/** Line segments of the level lines of `height` over a grid: one array of [x1, y1, x2, y2] for each level. */
export function levelLines(height, [left, right, bottom, top], levels, columns = 96, rows = 64) {
  const xs = Array.from({ length: columns + 1 }, (_, i) => left + ((right - left) * i) / columns);
  const ys = Array.from({ length: rows + 1 }, (_, j) => bottom + ((top - bottom) * j) / rows);
  const heights = ys.map((y) => xs.map((x) => height([x, y])));
  return levels.map((level) => {
    const lines = [];
    for (let j = 0; j < rows; j += 1) {
      for (let i = 0; i < columns; i += 1) {
        const above = (heights[j][i] > level) + (heights[j][i + 1] > level) + (heights[j + 1][i] > level)
          + (heights[j + 1][i + 1] > level);
        if (above === 0 || above === 4) continue;
        const corners = [[i, j], [i + 1, j], [i + 1, j + 1], [i, j + 1]];
        const cuts = [];
        corners.forEach(([a, b], k) => {
          const [c, d] = corners[(k + 1) % 4];
          const [low, high] = [heights[b][a] - level, heights[d][c] - level];
          if (low > 0 !== high > 0) {
            const share = low / (low - high);
            cuts.push(xs[a] + share * (xs[c] - xs[a]), ys[b] + share * (ys[d] - ys[b]));
          }
        });
        for (let k = 0; k + 3 < cuts.length; k += 4) lines.push(cuts.slice(k, k + 4));
      }
    }
    return lines;
  });
}
