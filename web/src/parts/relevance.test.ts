import { describe, expect, it } from "vitest";
import type { RuleView } from "@/api/schema";
import { byRelevance } from "./relevance";

const rule = { when: "current > 2 A and level < 0.2 m", clear: "level > 0.4 m", levels: [] as RuleView["levels"] } as RuleView;
const items = ["running", "level", "current", "level_2"].map((key) => ({ key }));

describe("relevance", () => {
  it("puts first what the rule names, as whole words", () => {
    const sorted = byRelevance(items, rule);
    expect(sorted.first.map((item) => item.key)).toEqual(["level", "current"]);
    expect(sorted.rest.map((item) => item.key)).toEqual(["running", "level_2"]);
  });

  it("puts first what any level of the rule names", () => {
    const levels = [{ when: "level > 1 m", clear: "" }, { when: "level_2 > 2 m", clear: "running == 0" }] as RuleView["levels"];
    const sorted = byRelevance(items, { when: "level > 1 m", clear: "", levels } as RuleView);
    expect(sorted.first.map((item) => item.key)).toEqual(["running", "level", "level_2"]);
  });

  it("keeps everything when there is no rule, or it names nothing of it", () => {
    expect(byRelevance(items, null).first).toHaveLength(4);
    expect(byRelevance([{ key: "x" }], rule).first).toHaveLength(1);
  });
});
