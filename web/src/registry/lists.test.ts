import { describe, expect, it } from "vitest";
import type { FieldView } from "@/api/schema";
import { awaysOf, awaysText, changedFields, papersOf, papersText, saysTheSame } from "./lists";
import same from "./sameValues.json";

describe("certificates and leave", () => {
  it("come back as they were", () => {
    for (const text of ["低压电工 | T4206 | 2027-05-01; first aid |  | ", "lift | 7 | 2026-12-31"]) {
      expect(papersOf(papersText(papersOf(text)))).toEqual(papersOf(text));
    }
    expect(awaysText(awaysOf("2026-12-01..2026-12-05；2026-12-24"))).toBe("2026-12-01..2026-12-05; 2026-12-24..2026-12-24");
  });
  it("leave empty rows out", () => {
    expect(papersText([{ name: " ", number: "", valid_to: "" }])).toBe("");
    expect(awaysText([{ first: "", last: "" }, { first: "2026-01-01", last: "" }])).toBe("2026-01-01..2026-01-01");
  });
});

describe("what changed", () => {
  it.each(same)("takes $field $one and $other as the server does", (one) => {
    const field = { ...one, holds: one.holds as FieldView["holds"] };
    expect(saysTheSame(field, one.one, one.other)).toBe(one.same);
    expect(saysTheSame(field, one.other, one.one)).toBe(one.same);
  });
  it("is not another spelling of what was loaded", () => {
    const longitude: FieldView = { name: "longitude", label: { zh: "", en: "" }, help: { zh: "", en: "" }, holds: "number", choices: [], refers: "", several: false, required: true, fixed: false };
    expect(changedFields({ longitude: "120.1", "attributes.depth": "2.5" }, { longitude: "120.10", "attributes.depth": "2.50" }, [longitude])).toEqual({});
  });
  it("is what differs from what was loaded", () => {
    expect(changedFields({ a: "1", b: "2" }, { a: "1 ", b: "", c: "3", d: "" })).toEqual({ b: "", c: "3" });
  });
});
