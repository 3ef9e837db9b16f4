/** From degrees to a drawing: north is up, a degree of longitude is as long as it is at the middle of what is shown. */
export type Corner = readonly [longitude: number, latitude: number];
export type Place = readonly [x: number, y: number];

/** A way from degrees into a frame, everything within it and in the middle; `null` without a corner. */
export function projection(corners: readonly Corner[], width: number, height: number, margin: number): ((corner: Corner) => Place) | null {
  if (corners.length === 0) return null;
  let [west, east, south, north] = [Infinity, -Infinity, Infinity, -Infinity];
  for (const [x, y] of corners) {
    [west, east] = [Math.min(west, x), Math.max(east, x)];
    [south, north] = [Math.min(south, y), Math.max(north, y)];
  }
  const shrink = Math.cos((((south + north) / 2) * Math.PI) / 180);
  const scale = Math.min((width - 2 * margin) / Math.max((east - west) * shrink, 1e-6), (height - 2 * margin) / Math.max(north - south, 1e-6));
  const [x0, y0] = [(west + east) / 2, (south + north) / 2];
  return ([x, y]) => [width / 2 + (x - x0) * shrink * scale, height / 2 - (y - y0) * scale];
}

/** Corners as an SVG polygon has them. */
export function ring(corners: readonly Corner[], to: (corner: Corner) => Place): string {
  return corners.map((corner) => to(corner).map((n) => n.toFixed(2)).join(",")).join(" ");
}
