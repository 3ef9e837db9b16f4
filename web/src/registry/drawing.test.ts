import { describe, expect, it } from "vitest";
import { isPasted, withCorner, withoutLast } from "./drawing";

describe("a cell that is drawn", () => {
  it("gets corners one by one, and loses the last", () => {
    const two = withCorner(withCorner("", 112.1, 31.7), 112.2, 31.7);
    expect(two).toBe("112.1000000 31.7000000, 112.2000000 31.7000000");
    expect(withoutLast(two)).toBe("112.1000000 31.7000000");
    expect(withoutLast(withoutLast(withoutLast(two)))).toBe("");
  });
  it("begins anew where GeoJSON was pasted", () => {
    const pasted = ' {"type": "Polygon"}';
    expect(isPasted(pasted)).toBe(true);
    expect(withCorner(pasted, 1, 2)).toBe("1.0000000 2.0000000");
    expect(withoutLast(pasted)).toBe("");
  });
});
