import { describe, expect, it } from "vitest";
import type { LogAnswerView } from "@/api/schema";
import { csv, logRows, monthSpan, monthsBefore, rulingOf } from "./intakes";

describe("a month", () => {
  it("is a span in the installation's zone, over the turn of the year too", () => {
    expect(monthSpan("2026-11")).toEqual({ from_ms: Date.UTC(2026, 9, 31, 16), to_ms: Date.UTC(2026, 10, 30, 16) });
    expect(monthSpan("2026-12")?.to_ms).toBe(Date.UTC(2026, 11, 31, 16));
    expect(monthSpan("2026-13")).toBeNull();
    expect(monthSpan("")).toBeNull();
  });

  it("has those before it", () => {
    expect(monthsBefore("2026-02", 4)).toEqual(["2026-02", "2026-01", "2025-12", "2025-11"]);
  });
});

describe("a decision", () => {
  it("needs words where somebody is sent away, and a case where it joins one", () => {
    expect(rulingOf("return", "  ")).toBeNull();
    expect(rulingOf("answer", "")).toBeNull();
    expect(rulingOf("join", "")).toBeNull();
    expect(rulingOf("join", "", { case: 7 })).toEqual({ verdict: "join", words: "", department: "", case: 7 });
    expect(rulingOf("admit", "", { event: "refuse" })).toEqual({ verdict: "admit", words: "", department: "", event: "refuse" });
    expect(rulingOf("return", " 属于水务局 ")).toEqual({ verdict: "return", words: "属于水务局", department: "" });
  });
});

describe("a referral", () => {
  it("needs a department and a reason, and is called back with a reason alone", () => {
    expect(rulingOf("refer", "属于水务职责")).toBeNull();
    expect(rulingOf("refer", "", { department: "sw" })).toBeNull();
    expect(rulingOf("refer", "属于水务职责", { department: "sw" })).toEqual({ verdict: "refer", words: "属于水务职责", department: "sw" });
    expect(rulingOf("wait", " ")).toBeNull();
    expect(rulingOf("wait", "没有答复", { department: "sw" })).toEqual({ verdict: "wait", words: "没有答复", department: "" });
  });
});

describe("an answer from the case log", () => {
  const answer = { filed: 9, closed: 5, cancelled: 1, still_open: 3, in_time: 4, late: 2, rework: 1, labour_min: 90, by_event: { refuse: 2, sewage: 4, road: 3 } } as unknown as LogAnswerView;

  it("names what it can and counts the rest together", () => {
    const rows = logRows(answer, (key) => key, (key) => (key === "sewage" ? null : key.toUpperCase()), "rest");
    expect(rows.slice(0, 2)).toEqual([["filed", 9], ["closed", 5]]);
    expect(rows.slice(-3)).toEqual([["ROAD", 3], ["REFUSE", 2], ["rest", 4]]);
  });

  it("opens in a spreadsheet, and runs nothing there", () => {
    expect(csv([["a,b", 1], ['say "x"', 2], ["=1+1", 3]])).toBe('\uFEFF"a,b",1\r\n"say ""x""",2\r\n\'=1+1,3\r\n');
  });
});
