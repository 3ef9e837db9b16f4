import { describe, expect, it } from "vitest";
import { spanOf } from "./span";

const NONE = { first: "", last: "" };
/** 2026-03-01 00:30 in Shanghai, still February in UTC. */
const NOW = Date.UTC(2026, 1, 28, 16, 30);
const HOUR = 3_600_000;

describe("a stretch of time", () => {
  it("goes by the months of the zone, also where UTC is a month behind", () => {
    expect(spanOf("month", NOW, NONE)).toEqual({ from_ms: NOW - HOUR / 2, to_ms: NOW });
    expect(spanOf("lastMonth", NOW, NONE)).toEqual({ from_ms: NOW - HOUR / 2 - 28 * 24 * HOUR, to_ms: NOW - HOUR / 2 });
    expect(spanOf("year", NOW, NONE)?.from_ms).toBe(Date.UTC(2025, 11, 31, 16));
  });

  it("counts days back from now", () => {
    expect(spanOf("days90", NOW, NONE)).toEqual({ from_ms: NOW - 90 * 24 * HOUR, to_ms: NOW });
  });

  it("takes both own days whole, and ends now at the latest", () => {
    expect(spanOf("own", NOW, { first: "2026-02-01", last: "2026-02-28" })).toEqual({ from_ms: Date.UTC(2026, 0, 31, 16), to_ms: Date.UTC(2026, 1, 28, 16) });
    expect(spanOf("own", NOW, { first: "2026-03-01", last: "2026-12-31" })?.to_ms).toBe(NOW);
  });

  it("is none without both days, the wrong way round, in the future, or longer than the server looks", () => {
    for (const [first, last] of [["", "2026-02-01"], ["2026-02-02", "2026-02-01"], ["2027-01-01", "2027-02-01"], ["2024-01-01", "2026-02-01"]] as const) {
      expect(spanOf("own", NOW, { first, last })).toBeNull();
    }
  });

  it("knows the days on which a clock is put forward", () => {
    const span = spanOf("own", Date.UTC(2026, 5, 1), { first: "2026-03-29", last: "2026-03-29" }, "Europe/Berlin");
    expect((span?.to_ms ?? 0) - (span?.from_ms ?? 0)).toBe(23 * HOUR);
  });
});
