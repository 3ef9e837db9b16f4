import { describe, expect, it } from "vitest";
import { addressed, again, decode, due, goesWith, nextDueMs, pauseMs, step, wake, type OutboxEntry } from "./outbox";

function entry(key: string, lane: string, more: Partial<OutboxEntry> = {}): OutboxEntry {
  return {
    key,
    lane,
    user: "wang",
    action: "accept",
    path: `/tasks/${lane}/accept`,
    body: {},
    created_ms: 0,
    attempts: 0,
    next_try_ms: 0,
    refused: null,
    ...more,
  };
}

describe("outbox", () => {
  it("sends a task's actions in the order of the taps, one at a time", () => {
    const entries = [entry("a", "1"), entry("b", "1"), entry("c", "2")];
    expect(due(entries, "wang", 0).map((e) => e.key)).toEqual(["a", "c"]);
    expect(due(step(entries, "a", { kind: "done" }, 0), "wang", 0).map((e) => e.key)).toEqual(["b", "c"]);
  });

  it("waits longer after each failure and keeps the entry", () => {
    let entries: readonly OutboxEntry[] = [entry("a", "1", { body: { note: "泵已停" } })];
    entries = step(entries, "a", { kind: "later" }, 1000);
    expect(due(entries, "wang", 1000)).toEqual([]);
    expect(nextDueMs(entries, "wang")).toBe(3000);
    entries = step(entries, "a", { kind: "later" }, 3000);
    expect(nextDueMs(entries, "wang")).toBe(7000);
    expect(entries[0]?.body).toEqual({ note: "泵已停" });
    expect(pauseMs(50)).toBe(60_000);
  });

  it("keeps what was refused, with all that was typed, and holds back what rests on it", () => {
    const entries = step(
      [entry("a", "1", { body: { note: "done" } }), entry("b", "1")],
      "a",
      { kind: "refused", reason: "taken by somebody else" },
      5,
    );
    expect(entries[0]?.refused).toBe("taken by somebody else");
    expect(entries[0]?.body).toEqual({ note: "done" });
    expect(due(entries, "wang", 10)).toEqual([]);
    expect(nextDueMs(entries, "wang")).toBeNull();
  });

  it("never sends in another person's name", () => {
    const entries = [entry("a", "1"), entry("b", "1", { user: "li" })];
    expect(due(entries, "li", 0).map((e) => e.key)).toEqual(["b"]);
    expect(due(entries, "nobody", 0)).toEqual([]);
  });

  it("tries again at once when the signal is back", () => {
    const waiting = [entry("a", "1", { next_try_ms: 60_000, attempts: 5 })];
    expect(due(wake(waiting, 10), "wang", 10).map((e) => e.key)).toEqual(["a"]);
  });

  it("survives a damaged storage", () => {
    expect(decode("{not json")).toEqual([]);
    expect(decode('{"a":1}')).toEqual([]);
    expect(decode(JSON.stringify([entry("a", "1"), { key: 3 }, null])).map((e) => e.key)).toEqual(["a"]);
  });
});

describe("a report with photos in the outbox", () => {
  const report = entry("r", "report:r", { action: "report", path: "/reports" });
  const photo = (key: string): OutboxEntry => entry(key, "report:r", { action: "photo", path: "", photo: `kept-${key}`, proof: "r" });
  const all = [report, photo("p"), photo("q")];

  it("sends the report first, then its photos one after the other, to the number that it got", () => {
    expect(due(all, "wang", 0).map((e) => e.key)).toEqual(["r"]);
    const after = step(addressed(all, report, 17), "r", { kind: "done" }, 0);
    expect(after.map((e) => e.path)).toEqual(["/intakes/17/photos", "/intakes/17/photos"]);
    expect(due(after, "wang", 0).map((e) => e.key)).toEqual(["p"]);
    expect(due(step(after, "p", { kind: "done" }, 0), "wang", 0).map((e) => e.key)).toEqual(["q"]);
  });

  it("addresses no photo of another report", () => {
    const other = entry("x", "report:y", { action: "photo", path: "", photo: "kept-x", proof: "y" });
    expect(addressed([...all, other], report, 17).at(-1)?.path).toBe("");
  });

  it("waits with everything while the report is refused, and sends it again when it is told to", () => {
    const refused = step(all, "r", { kind: "refused", reason: "no such facility" }, 5);
    expect(due(refused, "wang", 10)).toEqual([]);
    const retried = again(refused, "r");
    expect(due(retried, "wang", 10).map((e) => e.key)).toEqual(["r"]);
    expect(retried[0]?.key).toBe("r");
  });

  it("lets no photo wait for another that was refused", () => {
    const after = step(addressed(all, report, 17), "r", { kind: "done" }, 0);
    const refused = step(after, "p", { kind: "refused", reason: "too many" }, 0);
    expect(due(refused, "wang", 0).map((e) => e.key)).toEqual(["q"]);
    expect(nextDueMs(refused, "wang")).toBe(0);
  });

  it("puts away a report with all of its photos, and a photo alone", () => {
    const others = [...all, entry("a", "task:1"), entry("z", "report:r", { user: "li" })];
    expect(goesWith(others, "r").map((e) => e.key)).toEqual(["r", "p", "q"]);
    expect(goesWith(others, "q").map((e) => e.key)).toEqual(["q"]);
    expect(goesWith(others, "gone")).toEqual([]);
  });
});
