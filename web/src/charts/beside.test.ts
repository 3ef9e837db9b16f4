import { describe, expect, it } from "vitest";
import { axesFor, readApart, type Curve } from "./beside";
import { alignedRange, ticks } from "./shape";

const curve = (low: number | null, high: number | null, unit = "m", stepped = false): Curve => ({ low, high, unit, stepped });

describe("two curves in one chart", () => {
  it("share the axis when both are read in one unit, and both fit on it", () => {
    const { main, beside } = axesFor(curve(2, 3), curve(1, 9), []);
    expect(beside).toBeNull();
    expect(main.low).toBeLessThanOrEqual(1);
    expect(main.high).toBeGreaterThanOrEqual(9);
  });

  it("are read apart when the units differ: 380 V do not flatten 0.3 MPa", () => {
    const alone = axesFor(curve(0.26, 0.31, "MPa"), null, []);
    const { main, beside } = axesFor(curve(0.26, 0.31, "MPa"), curve(376, 391, "V"), []);
    expect(main).toEqual(alone.main);
    expect(beside?.low).toBeGreaterThan(300);
    expect(beside?.high).toBeLessThan(500);
  });

  it("are read apart when one is a state, which has no unit either", () => {
    expect(readApart(curve(0, 1, "1", true), curve(14_000, 14_100, "1"))).toBe(true);
    expect(readApart(curve(0, 1, "1", true), curve(0, 4, "1", true))).toBe(false);
    expect(axesFor(curve(0.8, 0.99, "1"), curve(0, 1, "1", true), []).beside).toMatchObject({ low: 0, high: 1, step: 1 });
  });

  it("keep limits on the axis of their own curve", () => {
    const { main } = axesFor(curve(20, 24, "Cel"), curve(0, 4, "m"), [{ value: 26 }]);
    expect(main.shown).toEqual([{ value: 26 }]);
  });

  it("have axes also where one of them was never read", () => {
    for (const [one, two] of [[curve(null, null), curve(1, 2)], [curve(1, 2), curve(null, null)], [curve(1, 2), curve(null, null, "V")]] as const) {
      const { main, beside } = axesFor(one, two, []);
      expect(main.high).toBeGreaterThan(main.low);
      if (beside) expect(beside.high).toBeGreaterThan(beside.low);
    }
  });
});

describe("the axis at the right", () => {
  it("has a value at every line of the one at the left, and holds its curve, whatever that reaches", () => {
    const ends = [-1e6, -273.15, -5, -0.002, 0, 0.001, 0.3, 1, 7, 99.5, 380, 48_210, 1e9];
    for (const low of ends) {
      for (const high of ends.filter((end) => end >= low)) {
        for (const steps of [1, 2, 3, 4, 5, 6]) {
          const range = alignedRange(low, high, steps);
          expect(ticks(range)).toHaveLength(Math.max(2, steps) + 1);
          expect(range.low).toBeLessThanOrEqual(low);
          expect(range.high).toBeGreaterThanOrEqual(high);
        }
      }
    }
  });

  it("leaves most of the height to its curve", () => {
    const range = alignedRange(376, 391, 4);
    expect(15 / (range.high - range.low)).toBeGreaterThan(0.35);
  });
});
