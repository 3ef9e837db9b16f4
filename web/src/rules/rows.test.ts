import { createApp, h, nextTick, reactive } from "vue";
import { beforeAll, describe, expect, it } from "vitest";
import type { ConditionForm, RuleForm, RuleWords } from "@/api/schema";
import { i18n, needMore, useLanguage } from "@/i18n";
import RuleCondition from "@/parts/RuleCondition.vue";
import RuleLevels from "@/parts/RuleLevels.vue";
import { addLevel, blankCondition, blankRow, counts, joinAbove, moveLevel, removeLevel, settle, ungroup } from "./rows";

const words = {
  class_id: "c", name: { zh: "类", en: "Class" }, measurements: [{ key: "level", name: { zh: "液位", en: "Level" }, unit: "m", low: 0, high: 5, kind: "measured" }],
  aggregates: ["mean"], counts: ["count", "share", "time"], group_aggregates: ["median"], group_counts: ["count", "share"], groups: ["cell.governance", "parent"],
  comparisons: ["<", ">", ">="], ranges: ["in"], terms: ["occupied"], attributes: [],
} as unknown as RuleWords;
const plain = (): RuleForm =>
  ({ severity: "medium", when: blankCondition(words), for: "1 min", clear: null, clear_for: "2 min", levels: [], targets: [] }) as unknown as RuleForm;

function mounted(component: object, props: Record<string, unknown>): { box: HTMLElement; end: () => void } {
  const box = document.createElement("div");
  const app = createApp({ render: () => h(component, props) });
  app.use(i18n);
  app.mount(box);
  return { box, end: () => app.unmount() };
}
const button = (box: HTMLElement, name: RegExp): HTMLButtonElement => {
  const found = [...box.querySelectorAll("button")].find((one) => name.test(one.getAttribute("aria-label") ?? one.textContent ?? ""));
  if (!found) throw new Error(`no button ${name}`);
  return found;
};

beforeAll(async () => {
  await useLanguage("en");
  await needMore();
});

describe("rows of a condition", () => {
  it("of every kind begin filled in", () => {
    expect(blankRow("counted", words)).toMatchObject({ kind: "compare", aggregate: "share", inner_operator: ">", inner_unit: "m", window: "1 h", unit: "%" });
    expect(blankRow("group", words)).toMatchObject({ kind: "group", aggregate: "count", group: "cell.governance", inner_unit: "m", unit: "" });
    expect(blankRow("vote", words).votes).toHaveLength(3);
    expect(blankRow("term", words)).toMatchObject({ kind: "term", measurement: "occupied", operator: "is" });
  });

  it("settle when another aggregate is chosen", () => {
    const row = { ...blankRow("value", words), aggregate: "share" };
    settle(row, words);
    expect([row.window, row.inner_operator, row.unit, counts(words, row)]).toEqual(["10 min", ">", "%", true]);
    row.aggregate = "";
    settle(row, words);
    expect([row.window, row.inner_operator, row.unit]).toEqual(["", "", "m"]);
    const group = { ...blankRow("group", words), aggregate: "median" };
    settle(group, words);
    expect([group.window, group.inner_operator, group.unit]).toEqual(["", "", "m"]);
  });

  it("are joined to a group and taken apart", () => {
    const condition: ConditionForm = { join: "all", parts: [[blankRow("value", words)], [blankRow("term", words)], [blankRow("text", words)]] };
    joinAbove(condition, 1);
    expect(condition.parts.map((rows) => rows.map((row) => row.kind))).toEqual([["compare", "term"], ["text"]]);
    ungroup(condition, 0);
    expect(condition.parts.map((rows) => rows.length)).toEqual([1, 1, 1]);
  });

  it("are added as the kind that is chosen", async () => {
    const condition = reactive(blankCondition(words));
    const { box, end } = mounted(RuleCondition, { condition, words, label: "when" });
    const kinds = box.querySelector<HTMLSelectElement>("select.kinds");
    if (!kinds) throw new Error("no choice of kinds");
    kinds.value = "vote";
    kinds.dispatchEvent(new Event("change"));
    button(box, /^(增加一行|Add a row)$/).click();
    await nextTick();
    expect(condition.parts.map((rows) => rows[0]?.kind)).toEqual(["compare", "vote"]);
    expect(box.querySelectorAll(".vote li")).toHaveLength(3);
    button(box, /^(增加一项|Add a row to the vote)$/).click();
    await nextTick();
    expect(condition.parts[1]?.[0]?.votes).toHaveLength(4);
    end();
  });
});

describe("levels of a rule", () => {
  it("come of a plain rule, each with a severity of its own, and go again", () => {
    const form = plain();
    addLevel(form, words);
    expect(form.levels.map((one) => [one.origin, one.severity, one.for])).toEqual([[-1, "medium", "1 min"], [-1, "high", "1 min"]]);
    expect([form.severity, form.when, form.for]).toEqual(["", null, ""]);
    addLevel(form, words);
    addLevel(form, words);
    addLevel(form, words);
    addLevel(form, words);
    expect(form.levels.map((one) => one.severity)).toEqual(["info", "low", "medium", "high", "critical"]);
    for (let count = 4; count > 0; count -= 1) removeLevel(form, form.levels.length - 1);
    expect([form.levels.length, form.severity, form.for, form.when !== null]).toEqual([0, "info", "1 min", true]);
  });

  it("keep where they come from when they are moved", async () => {
    const form = reactive(plain());
    addLevel(form, words);
    form.levels.forEach((one, place) => (one.origin = place));
    const { box, end } = mounted(RuleLevels, { form, words, findings: [] });
    button(box, /^(下移等级 1|Move severity 1 down)$/).click();
    await nextTick();
    expect(form.levels.map((one) => one.origin)).toEqual([1, 0]);
    moveLevel(form, 1, -1);
    expect(form.levels.map((one) => one.origin)).toEqual([0, 1]);
    end();
  });
});
