import { describe, expect, it } from "vitest";
import { lineAfter, scrolledTo, sight, STRETCH, stretchesOf } from "./window";

describe("the lines in sight", () => {
  it("are few however long the list is, and hold the whole box", () => {
    for (const top of [0, 1, 51, 52, 5_000, 519_400, 9_999_999]) {
      const { first, end } = sight(10_000, 52, 600, top);
      expect(end - first).toBeLessThan(40);
      const shown = Math.min(top, 10_000 * 52 - 600);
      if (top <= shown) {
        expect(first * 52).toBeLessThanOrEqual(shown);
        expect(end * 52).toBeGreaterThanOrEqual(shown + 600);
      }
    }
  });

  it("are none of an empty list, and all of a short one", () => {
    expect(sight(0, 52, 600, 0)).toEqual({ first: 0, end: 0 });
    expect(sight(5, 52, 600, 0)).toEqual({ first: 0, end: 5 });
  });
});

describe("the stretches they need", () => {
  it("hold every line in sight", () => {
    expect(stretchesOf({ first: 0, end: 0 })).toEqual([]);
    expect(stretchesOf({ first: 0, end: STRETCH })).toEqual([0]);
    expect(stretchesOf({ first: STRETCH - 1, end: STRETCH + 1 })).toEqual([0, 1]);
    expect(stretchesOf({ first: 250, end: 251 })).toEqual([2]);
  });
});

describe("the keyboard", () => {
  it("stays within the list", () => {
    expect(lineAfter("ArrowUp", 0, 10, 5)).toBe(0);
    expect(lineAfter("PageDown", 7, 10, 5)).toBe(9);
    expect(lineAfter("End", 3, 10, 5)).toBe(9);
    expect(lineAfter("Home", 3, 10, 5)).toBe(0);
    expect(lineAfter("a", 3, 10, 5)).toBeNull();
    expect(lineAfter("End", 0, 0, 5)).toBeNull();
  });

  it("scrolls only as far as a line needs", () => {
    expect(scrolledTo(5, 50, 300, 100)).toBe(100);
    expect(scrolledTo(0, 50, 300, 100)).toBe(0);
    expect(scrolledTo(9, 50, 300, 100)).toBe(200);
  });
});
