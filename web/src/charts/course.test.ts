import { describe, expect, it } from "vitest";
import { barsOf } from "./course";

describe("the course of a severity", () => {
  it("has a bar for each step, side by side, as high as the severity is bad", () => {
    const bars = barsOf(
      [
        { from_ms: 1000, severity: "low" },
        { from_ms: 2000, severity: "critical" },
        { from_ms: 4000, severity: "medium" },
      ],
      5000,
    );
    expect(bars.map((bar) => [bar.left, bar.width])).toEqual([
      [0, 0.25],
      [0.25, 0.5],
      [0.75, 0.25],
    ]);
    expect(bars.map((bar) => bar.height)).toEqual([0.4, 1, 0.6]);
    expect(bars.map((bar) => bar.to_ms)).toEqual([2000, 4000, 5000]);
  });

  it("is empty without steps, and a step of now is no wider than nothing", () => {
    expect(barsOf([], 5000)).toEqual([]);
    expect(barsOf([{ from_ms: 5000, severity: "low" }], 5000)[0]?.width).toBe(0);
  });
});
