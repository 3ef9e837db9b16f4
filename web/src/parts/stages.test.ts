import { describe, expect, it } from "vitest";
import type { StageClock } from "@/api/schema";
import { lightNow, newestFirst } from "./stages";

const clock = (id: number, stage: StageClock["stage"], more: Partial<StageClock> = {}): StageClock => ({
  id,
  task_id: 1,
  stage,
  amount: 2,
  unit: "work_day",
  basis: "rule",
  standard: null,
  started_ms: 0,
  warn_ms: 80,
  limit_ms: 100,
  paused_since_ms: null,
  paused_ms: 0,
  ended_ms: null,
  ended_by: "",
  late: false,
  light: "green",
  reached: null,
  extended: 0,
  ...more,
});

describe("stages", () => {
  it("shows the newest run of each stage in the order of the work", () => {
    const runs = newestFirst([clock(1, "handle"), clock(2, "accept"), clock(3, "verify"), clock(4, "handle"), clock(5, "accept")]);
    expect(runs.now.map((one) => one.id)).toEqual([5, 4, 3]);
    expect(runs.before.map((one) => one.id)).toEqual([2, 1]);
  });

  it("turns amber at 80 % and red after the limit, without asking the server", () => {
    const one = clock(1, "handle");
    expect([79, 80, 100, 101].map((now) => lightNow(one, now))).toEqual(["green", "amber", "amber", "red"]);
  });

  it("keeps the light of a clock that stands still or has ended; lateness stays", () => {
    expect(lightNow(clock(1, "handle", { paused_since_ms: 50 }), 500)).toBe("green");
    expect(lightNow(clock(1, "handle", { ended_ms: 90, light: "amber" }), 500)).toBe("amber");
    expect(lightNow(clock(1, "handle", { ended_ms: 90, late: true }), 500)).toBe("red");
  });
});
