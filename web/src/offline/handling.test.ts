import { describe, expect, it } from "vitest";
import { handlingDraft, handlingOf, nothingTyped } from "./handling";

describe("what is reported with done", () => {
  it("may be nothing at all", () => {
    expect(handlingOf(nothingTyped())).toEqual({ outcome: "repaired", cause: null, cause_text: "", labour_min: 0, parts: [], contractor_fen: 0, no_photo: "" });
  });
  it("turns what was typed into numbers and leaves empty rows out", () => {
    const parts = [{ name: "浮球", quantity: "2", price: "45.50" }, { name: "", quantity: "", price: "" }, { name: "tape", quantity: "", price: "" }];
    expect(handlingOf({ ...nothingTyped(), minutes: "90", contractor: "1200", parts })).toMatchObject({
      labour_min: 90,
      contractor_fen: 120_000,
      parts: [{ name: "浮球", quantity: 2, price_fen: 4550 }, { name: "tape", quantity: 1, price_fen: 0 }],
    });
  });
  it("asks for a cause of a false alarm, and for words where it is another one", () => {
    const typed = { ...nothingTyped(), outcome: "false_alarm" as const };
    expect(handlingOf(typed)).toBeNull();
    expect(handlingOf({ ...typed, cause: "weather" })?.cause).toBe("weather");
    expect(handlingOf({ ...typed, cause: "other", causeText: " " })).toBeNull();
    expect(handlingOf({ ...typed, cause: "other", causeText: "birds" })?.cause_text).toBe("birds");
    expect(handlingOf({ ...typed, outcome: "repaired", cause: "weather", causeText: "x" })).toMatchObject({ cause: null, cause_text: "" });
  });
  it("refuses what is no amount", () => {
    for (const bad of [{ minutes: "1.5" }, { minutes: "-1" }, { contractor: "a lot" }, { parts: [{ name: "x", quantity: "0", price: "1" }] }, { parts: [{ name: "", quantity: "1", price: "1" }] }])
      expect(handlingOf({ ...nothingTyped(), ...bad })).toBeNull();
  });
  it("survives a draft that cannot be read", () => {
    expect(handlingDraft("{")).toEqual(nothingTyped());
    expect(handlingDraft('{"minutes":"5"}').minutes).toBe("5");
  });
  it("says why there is no photo of a repair, and of nothing else", () => {
    expect(handlingOf({ ...nothingTyped(), noPhoto: " dark " })?.no_photo).toBe("dark");
    expect(handlingOf({ ...nothingTyped(), noPhoto: "dark", outcome: "false_alarm", cause: "test" })?.no_photo).toBe("");
  });
});
