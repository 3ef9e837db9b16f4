import { describe, expect, it } from "vitest";
import type { PlanDetail } from "@/api/schema";
import { draftOf, KINDS, numbered, tidied, toggled, triggerOf, withNames, wrongIn } from "./plans";

describe("a plan", () => {
  it("begins yearly, from today on", () => {
    const draft = draftOf(null, "2026-11-30");
    expect([draft.triggers, draft.started_day, draft.active]).toEqual([[triggerOf("calendar")], "2026-11-30", true]);
  });

  it("keeps the facilities that could not be read, and only those that are chosen", () => {
    const pump = { ...numbered(8), code: "aa-sp-01", name: { zh: "泵", en: "Pump" } };
    const chosen = [numbered(7), numbered(8)];
    expect(withNames(chosen, [pump, numbered(9)])).toEqual([numbered(7), pump]);
    expect(withNames(chosen, [])).toEqual(chosen);
  });

  it("is changed in a copy, without its number", () => {
    const plan: PlanDetail = { ...draftOf(null, "2026-01-01"), id: 7, code: "pump-year", months: [3] };
    const draft = draftOf(plan, "2026-11-30");
    draft.months?.push(4);
    draft.triggers.splice(0, 1, { ...triggerOf("calendar"), every: 6 });
    expect(plan.months).toEqual([3]);
    expect(plan.triggers[0]?.every).toBe(12);
    expect("id" in draft).toBe(false);
  });

  it("has triggers that lack what their kind needs, until it is there", () => {
    expect(KINDS.map((kind) => wrongIn(triggerOf(kind)))).toEqual(["", "measurement", "measurement", "measurement"]);
    const condition = { ...triggerOf("condition"), measurement: "vibration" };
    expect(wrongIn(condition)).toBe("");
    expect(wrongIn({ ...condition, below: 1 })).toBe("limit");
    expect(wrongIn({ ...condition, above: null })).toBe("limit");
    expect(wrongIn({ ...triggerOf("calendar"), every: 1.5 })).toBe("months");
    expect([0, -1, Number.NaN].map((every) => wrongIn({ ...triggerOf("calendar"), every }))).toEqual(["every", "every", "every"]);
  });

  it("sends of a trigger only what its kind has", () => {
    const full = { kind: "calendar" as const, every: 3, measurement: "run_hours", above: 1, below: null };
    expect(tidied(full)).toEqual({ kind: "calendar", every: 3, measurement: "", above: null, below: null });
    expect(tidied({ ...full, kind: "condition" }).above).toBe(1);
    expect(tidied({ ...full, kind: "hours" }).measurement).toBe("run_hours");
  });

  it("takes months in and out, in order", () => {
    expect(toggled([4, 9], 6)).toEqual([4, 6, 9]);
    expect(toggled([4, 6, 9], 6)).toEqual([4, 9]);
  });
});
