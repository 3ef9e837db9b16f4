/** A sheet of the country without borders: a net of degrees and its cities, north up. Positions are degrees, WGS-84. */
import type { City, Place } from "./cities";

export const WEST = 73;
export const EAST = 136;
export const SOUTH = 17;
export const NORTH = 54;
/** A degree of longitude, in degrees of latitude, in the middle of the sheet. */
const SHRINK = Math.cos((36 * Math.PI) / 180);
/** Units of the drawing per degree of latitude. */
const SCALE = 20;

export const WIDTH = (EAST - WEST) * SHRINK * SCALE;
export const HEIGHT = (NORTH - SOUTH) * SCALE;

/** Degrees to the drawing. */
export const at = ({ latitude, longitude }: Place): readonly [number, number] => [(longitude - WEST) * SHRINK * SCALE, (NORTH - latitude) * SCALE];

/** To a hundredth of a degree. */
const round = (value: number): number => Math.round(value * 100) / 100;

/** A spot of the drawing in degrees, to a hundredth: nobody can press more exactly. */
export function placeAt(x: number, y: number): Place {
  return { latitude: round(NORTH - y / SCALE), longitude: round(x / SCALE / SHRINK + WEST) };
}

/** What a press at a spot means: the nearest city within `reach` units of the drawing, else the spot itself. */
export function pressed(x: number, y: number, reach: number, cities: readonly City[]): Place {
  let best: City | null = null;
  let least = reach;
  for (const one of cities) {
    const [cx, cy] = at(one);
    const distance = Math.hypot(cx - x, cy - y);
    if (distance > least) continue;
    least = distance;
    best = one;
  }
  return best === null ? placeAt(x, y) : { latitude: best.latitude, longitude: best.longitude };
}
