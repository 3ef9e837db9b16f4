import { describe, expect, it } from "vitest";
import type { ConditionRow, RuleDetail, RuleForm, RuleSummary } from "@/api/schema";
import { fits, limitOf, ofClasses, readable } from "./rules";

const rule = (id: string, when: string, class_id = "sewage_pump", state = "in_force"): RuleSummary => ({ id, when, class_id, state }) as unknown as RuleSummary;
const ids = (rules: readonly RuleSummary[]): readonly string[] => rules.map((one) => one.id);
const BOOK = [rule("long", "level - min(level) over 10 min > 0.3 m"), rule("float", "high_float == 1"), rule("high", "level > 2 m"), rule("gas", "ch4_lel >= 25 %", "drain_well"), rule("odd", "level >", "sewage_pump", "broken")];
const row = (kind: string, limit: string): ConditionRow => ({ kind, limit }) as unknown as ConditionRow;
const detail = (...keys: readonly string[]): RuleDetail => ({ draft: { sound: true, measurements: keys.map((key) => ({ key })) } }) as unknown as RuleDetail;
const form = (when: readonly (readonly ConditionRow[])[] | null, levels: readonly (readonly (readonly ConditionRow[])[])[] = []): RuleForm =>
  ({ when: when && { join: "all", parts: when }, levels: levels.map((parts) => ({ when: { join: "all", parts } })) }) as unknown as RuleForm;

describe("the rule of the first run", () => {
  it("is one of the facility's class that loads", () => {
    expect(ids(ofClasses(BOOK, new Set(["sewage_pump"])))).toEqual(["long", "float", "high"]);
    expect(ofClasses(BOOK, new Set())).toEqual([]);
  });

  it("reads what is measured, and the shortest comes first", () => {
    expect(ids(readable(BOOK.slice(0, 4), new Set(["level"])))).toEqual(["high", "long"]);
    expect(readable(BOOK, new Set(["lev"]))).toEqual([]);
  });

  it("reads nothing that is not measured, or would never judge", () => {
    expect(fits(detail("level"), new Set(["level", "pump_current"]))).toBe(true);
    expect(fits(detail("level", "pump1_running"), new Set(["level"]))).toBe(false);
    expect(fits(detail(), new Set(["level"]))).toBe(false);
  });

  it("offers the first limit that is a number, wherever it stands", () => {
    expect(limitOf(form([[row("term", ""), row("compare", "facility.start_level")], [row("compare", "2")]]))?.limit).toBe("2");
    expect(limitOf(form(null, [[[row("compare", "0.5")]]]))?.limit).toBe("0.5");
    expect(limitOf(form([[row("text", "3"), row("compare", " ")]]))).toBeNull();
    expect(limitOf(null)).toBeNull();
  });
});
