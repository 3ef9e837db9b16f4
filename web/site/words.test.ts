import { describe, expect, it } from "vitest";
import { byNumber, changeWords, duration, hex, number, placeOf, rounded, sorted, unitWords } from "./words";
import type { FrameView, HypothesisState, QuantityView } from "./schema";

const found = (more: Partial<HypothesisState>): HypothesisState => ({
  function: 3, address: 8204, type: "f32", order: "CDAB", factor: 0.1, offset: 0, cost: 0, value: 1, error: 0, changes: [], ...more,
});
const frame = (n: number): FrameView => ({ number: n, time_ms: n, sent: true, data: "0103", unit: 1 });
const quantity = (name: string): QuantityView => ({ name, label: { zh: `量 ${name}`, en: name }, note: null, meaning: null, unit: "V", function: 3, address: 0, type: "u16", order: "ABCD", factor: 1, value: 1, text: "" });

describe("numbers for people", () => {
  it("have seven digits at most, and none is invented", () => {
    expect([230.5, 226.60423278808594, 1_286_000, 0.1 + 0.2, -0.00025038017].map(number)).toEqual(["230.5", "226.6042", "1286000", "0.3", "-0.0002503802"]);
    expect(number(null)).toBe("–");
    expect(number(Number.NaN)).toBe("–");
    expect(number(1.5e38)).toBe("1.5000e+38");
    expect(rounded(-0.006005859)).toBe("-0.00601");
    expect(rounded(null)).toBe("–");
  });

  it("are bytes and times", () => {
    expect(hex("0103000a")).toBe("01 03 00 0A");
    expect(hex("")).toBe("");
    expect([0, 5.4, 65, 3600].map(duration)).toEqual(["0:00", "0:05", "1:05", "60:00"]);
  });
});

describe("what the solver found, in words", () => {
  it("says what the whole unit has in common", () => {
    expect(unitWords(null)).toEqual([]);
    expect(unitWords({ base: -1, order: "CDAB", unexplained: [], differences: [] })).toEqual([["change.CDAB", {}], ["change.baseDown", {}]]);
    expect(unitWords({ base: 1, order: null, unexplained: [], differences: [] })).toEqual([["change.baseUp", {}]]);
  });

  it("says how one quantity differs", () => {
    expect(changeWords(found({ changes: ["order", "scale"] }))).toEqual([["change.CDAB", {}], ["change.scale", { factor: "0.1" }]]);
    expect(changeWords(found({ changes: ["address"] }))).toEqual([["change.address", { address: "3:8204" }]]);
    expect(changeWords(found({ changes: ["type", "function", "base"] })).map(([key]) => key)).toEqual(["change.type", "change.function", "change.base"]);
    expect(placeOf(found({}))).toBe("3:8204 f32 CDAB ×0.1");
    expect(placeOf(found({ type: "u16", factor: 1 }))).toBe("3:8204 u16");
  });
});

describe("what is kept", () => {
  it("holds each frame once, in order, and no more than it may", () => {
    const held = byNumber([], [frame(1), frame(2)], 3);
    expect(byNumber(held, [frame(2), frame(3), frame(4)], 3).map((one) => one.number)).toEqual([2, 3, 4]);
    expect(byNumber(held, [], 3)).toEqual(held);
  });

  it("begins anew when the gateway did", () => {
    expect(byNumber([frame(90), frame(91)], [frame(1), frame(2)], 9).map((one) => one.number)).toEqual([1, 2]);
  });

  it("puts points first and filters by name", () => {
    const all = ["power", "voltage_l1", "voltage_l2"].map(quantity);
    expect(sorted(all, new Set(["voltage_l2"]), "").map((one) => one.name)).toEqual(["voltage_l2", "power", "voltage_l1"]);
    expect(sorted(all, new Set(), "VOLT").map((one) => one.name)).toEqual(["voltage_l1", "voltage_l2"]);
    expect(sorted(all, new Set(), "量 power").map((one) => one.name)).toEqual(["power"]);
  });
});
