import { describe, expect, it } from "vitest";
import type { UnitView } from "../schema";
import { coded, isSigned, linesOf, lookAlike, progressOf, shownUnits } from "./sheet";

function unit(number: number, profile: string, verdicts: Record<string, string>, fits: readonly string[] = []): UnitView {
  const points = Object.fromEntries(Object.entries(verdicts).map(([name, verdict]) => [name, { register: name, proof: verdict ? { verdict } : null }]));
  return { unit: number, profile, product: { zh: profile, en: profile }, name: "", points, solved: {}, fits: fits.map((key) => ({ profile: key })) } as unknown as UnitView;
}

const done = unit(1, "meter", { voltage: "proven", current: "proven" });
const wrong = unit(2, "meter", { voltage: "differs" });
const fresh = unit(3, "meter", {});
const other = unit(4, "probe", {});
const all = [done, wrong, fresh, other];

describe("the sheets of many units", () => {
  it("count what is proven", () => {
    expect(progressOf(all)).toEqual({ units: 4, unitsDone: 1, points: 3, proven: 2 });
  });

  it("offer what equal units are read for, in the order of the map", () => {
    expect(linesOf(fresh, all, ["current", "power", "voltage"], [], false)).toEqual(["current", "voltage"]);
    expect(linesOf(fresh, all, ["current", "power", "voltage"], ["power"], false)).toEqual(["current", "power", "voltage"]);
    expect(linesOf(other, all, ["a", "b", "c", "d", "e", "f", "g", "h", "i"], [], false)).toHaveLength(8);
    expect(linesOf(other, all, ["a", "b", "c", "d", "e", "f", "g", "h", "i"], ["b", "i"], false)).toHaveLength(9);
    expect(linesOf(other, all, ["a", "b", "c", "d", "e", "f", "g", "h", "i"], [], true)).toHaveLength(9);
  });

  it("show what is to be done, what is wrong, or what was typed into the filter", () => {
    expect(shownUnits(all, "todo", "").map((one) => one.unit)).toEqual([2, 3, 4]);
    expect(shownUnits(all, "wrong", "").map((one) => one.unit)).toEqual([2]);
    expect(shownUnits(all, "all", "PROBE 4").map((one) => one.unit)).toEqual([4]);
  });

  it("make codes from a pattern", () => {
    expect(coded("wtl-eq-##", 7)).toBe("wtl-eq-07");
    expect(coded("room-#", 112)).toBe("room-112");
  });

  it("find units without a product that look alike", () => {
    const first = unit(5, "", {}, ["x", "y"]);
    const units = [first, unit(6, "", {}, ["x"]), unit(7, "x", {}, ["x"]), unit(8, "", {}, ["y"])];
    expect(lookAlike(first, units)).toEqual([6]);
    expect(lookAlike(unit(9, "", {}), units)).toEqual([]);
  });

  it("know where a minus may be needed", () => {
    expect(["Cel", "kW", "A"].every(isSigned)).toBe(true);
    expect(["V", "kW.h", "Hz"].some(isSigned)).toBe(false);
  });
});
