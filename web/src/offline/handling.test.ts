import { describe, expect, it } from "vitest";
import { fieldsOf, handlingDraft, handlingOf, nothingTyped, partName, typedOf, withFields } from "./handling";

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

describe("a report that is corrected", () => {
  const parts = [{ name: "浮球", quantity: 2.5, price_fen: 4550 }, { name: "浮球", quantity: 1, price_fen: 0 }, { name: "part#2:a", quantity: 1, price_fen: 9 }];
  const said = { outcome: "false_alarm", cause: "weather", cause_text: "hail", labour_min: 30, parts, contractor_fen: 120_050, no_photo: "" } as const;
  const report = { ...said, parts: [...said.parts] };
  it("is typed as it was", () => {
    expect(handlingOf(typedOf(report))).toEqual(report);
  });
  it("has the fields of the server, a part by its name", () => {
    expect(fieldsOf(report)).toEqual({ cause: "weather", cause_text: "hail", labour_min: "30", contractor_fen: "120050", "part:浮球": "2.5 4550", "part#2:浮球": "1 0", "part:part#2:a": "1 9" });
    expect([partName("part#2:浮球"), partName("part:part#2:a"), partName("cause")]).toEqual(["浮球", "part#2:a", ""]);
  });
  it("takes what was chosen and leaves the rest", () => {
    expect(withFields(report, {})).toEqual(report);
    expect(withFields(report, { labour_min: "90", "part:浮球": "" })).toEqual({ ...report, labour_min: 90, parts: parts.slice(1) });
  });
});
