import { describe, expect, it } from "vitest";
import { doneOf, nextOf, stepOf, STEPS, type Present } from "./steps";

const nothing: Present = { gateways: 0, facilities: 0, read: false, ownRules: false, told: false };

describe("the first run", () => {
  it("begins with the gateway for whoever has just set up the installation", () => {
    expect([...doneOf(nothing)]).toEqual(["language", "administrator"]);
    expect(nextOf(doneOf(nothing))).toBe("gateway");
  });

  it("goes on with the first step that is not done, in any order", () => {
    expect(nextOf(doneOf({ ...nothing, gateways: 1 }))).toBe("gateway");
    expect(nextOf(doneOf({ ...nothing, gateways: 1, facilities: 1 }))).toBe("live");
    expect(nextOf(doneOf({ ...nothing, gateways: 1, facilities: 1, told: true, read: true }))).toBe("rule");
    expect(nextOf(doneOf({ gateways: 1, facilities: 1, read: true, ownRules: true, told: false }))).toBe("notification");
  });

  it("is over when all is there", () => {
    const all = doneOf({ gateways: 1, facilities: 1, read: true, ownRules: true, told: true });
    expect([...all]).toEqual([...STEPS]);
    expect(nextOf(all)).toBeNull();
  });

  it("finds the step of an address, and none where it names none", () => {
    expect(stepOf("#rule")).toBe("rule");
    expect([stepOf(""), stepOf("rule"), stepOf("#rules")]).toEqual([null, null, null]);
  });
});
