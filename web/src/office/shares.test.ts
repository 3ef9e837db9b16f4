import { describe, expect, it } from "vitest";
import type { EvaluationLine, Share } from "@/api/schema";
import { firstOrder, inOrder, sayable, shareOf, toldApart } from "./shares";

const share = (part: number, whole: number, more: Partial<Share> = {}): Share => ({
  indicator: "handled_in_time",
  tally: { part, whole, excused: 0 },
  value: whole === 0 ? null : part / whole,
  low: 0,
  high: 1,
  standing: "like",
  peers: null,
  ...more,
});
const line = (key: string, tasks: number, one: Share): EvaluationLine => ({ key, name: { zh: key, en: key }, cases: 0, ended: 0, tasks, load: tasks, labour_min: 0, spent_fen: 0, waited_ms: 0, blind_ms: 0, shares: [one], scores: [0, 0, 0, 0, 0] });
const names = (lines: readonly EvaluationLine[]): string => lines.map((one) => one.key).join("");
const nameOf = (one: EvaluationLine): string => one.key;
const LINES = [line("c", 5, share(30, 40)), line("a", 9, share(3, 4)), line("b", 1, share(39, 40)), line("d", 1, share(0, 0))];

describe("shares", () => {
  it("say nothing of few, and are none where nothing was counted", () => {
    expect([sayable(share(0, 0), 20), sayable(share(19, 19), 20), sayable(share(20, 20), 20)]).toEqual(["none", "few", "share"]);
  });

  it("put what is not said last, whichever way round", () => {
    expect(names(inOrder(LINES, { by: "handled_in_time", falling: true }, 20, nameOf))).toBe("bcad");
    expect(names(inOrder(LINES, { by: "handled_in_time", falling: false }, 20, nameOf))).toBe("cbad");
  });

  it("are ordered by amounts and names as well, equals by name", () => {
    expect(names(inOrder(LINES, { by: "tasks", falling: true }, 20, nameOf))).toBe("acbd");
    expect(names(inOrder(LINES, { by: "name", falling: false }, 20, nameOf))).toBe("abcd");
    expect(names(inOrder(LINES, { by: "name", falling: true }, 20, nameOf))).toBe("dcba");
  });

  it("begin with what asks for attention", () => {
    expect(firstOrder("handled_in_time").falling).toBe(false);
    expect(firstOrder("rework").falling).toBe(true);
    expect(firstOrder("satisfied").falling).toBe(false);
    expect(firstOrder("tasks").falling).toBe(true);
    expect(firstOrder("name").falling).toBe(false);
  });

  it("name who is told apart, the worse first", () => {
    const told = toldApart([line("a", 1, share(1, 2, { standing: "better" })), line("b", 1, share(1, 2, { standing: "worse" })), line("c", 1, share(1, 2))]);
    expect(told.map((one) => one.line.key)).toEqual(["b", "a"]);
  });

  it("have no peers where there are none", () => {
    expect(shareOf(null)).toBeNull();
    expect(shareOf({ part: 0, whole: 0, excused: 0 })).toBeNull();
    expect(shareOf({ part: 1, whole: 4, excused: 0 })).toBe(0.25);
  });
});
