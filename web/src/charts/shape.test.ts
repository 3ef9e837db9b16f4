import { describe, expect, it } from "vitest";
import { axisRange, fromRecords, joined, labelPlaces, limitsToDraw, looksLikeState, recordsBegin, shape, stateRange, ticks, type HistoryColumns } from "./shape";

const STEP = 60_000;

function columns(rows: readonly (readonly [number, number | null, number?])[], gaps: readonly (readonly [number, number])[] = []): HistoryColumns {
  return {
    step_ms: STEP,
    start_ms: rows.map((r) => r[0] * STEP),
    min: rows.map((r) => (r[1] === null ? null : r[1] - 1)),
    mean: rows.map((r) => r[1]),
    max: rows.map((r) => (r[1] === null ? null : r[1] + 1)),
    bad: rows.map((r) => r[2] ?? 0),
    gaps: gaps.map(([from, to]) => ({ from_ms: from * STEP, to_ms: to * STEP })),
  };
}

describe("shape", () => {
  it("breaks the line and the band over a gap and never interpolates", () => {
    const shaped = shape(columns([[0, 5], [1, 6], [5, 7], [6, 8]], [[2, 5]]), 7 * STEP);
    expect(shaped.line).toEqual([
      [0.5 * STEP, 5],
      [1.5 * STEP, 6],
      [2 * STEP, 6],
      [2 * STEP, null],
      [5.5 * STEP, 7],
      [6.5 * STEP, 8],
    ]);
    expect(shaped.bands.map((b) => b.length)).toEqual([2, 2]);
  });

  it("draws a quiet stretch without a gap as one line: the value held", () => {
    const shaped = shape(columns([[0, 5], [5, 5]]), 6 * STEP);
    expect(shaped.line.some((p) => p[1] === null)).toBe(false);
  });

  it("breaks once for each gap, also when several lie between two rows", () => {
    const shaped = shape(columns([[0, 5], [9, 5], [12, 5]], [[2, 3], [5, 6], [10, 11]]), 13 * STEP);
    expect(shaped.line.filter((p) => p[1] === null).map((p) => p[0])).toEqual([2 * STEP, 10 * STEP]);
  });

  it("marks buckets with bad readings and gives a wholly bad bucket no value", () => {
    const shaped = shape(columns([[0, 5], [1, null, 6], [2, 5, 1]]), 3 * STEP);
    expect(shaped.bad).toEqual([
      [1.5 * STEP, 6],
      [2.5 * STEP, 1],
    ]);
    expect(shaped.line.map((p) => p[0])).toEqual([0.5 * STEP, 2.5 * STEP]);
  });

  it("keeps the held end of the line apart from what was measured, and ends it where a gap begins", () => {
    expect(shape(columns([[0, 5]]), 4 * STEP).held).toEqual({ from_ms: 0.5 * STEP, to_ms: 4 * STEP });
    expect(shape(columns([[0, 5]], [[3, 4]]), 4 * STEP).held).toEqual({ from_ms: 0.5 * STEP, to_ms: 3 * STEP });
  });

  it("has nothing to draw when there is nothing", () => {
    const shaped = shape(columns([], [[0, 4]]), 4 * STEP);
    expect([shaped.line, shaped.low, shaped.last, shaped.held]).toEqual([[], null, null, null]);
  });

  it("takes raw readings, step 0, as they are", () => {
    const raw = { ...columns([[0, 5], [1, 6]]), step_ms: 0 };
    expect(shape(raw, STEP).line).toEqual([
      [0, 5],
      [STEP, 6],
    ]);
  });
});

describe("joined", () => {
  it("joins what touches and drops what is empty", () => {
    expect(joined([{ from_ms: 5, to_ms: 9 }, { from_ms: 1, to_ms: 5 }, { from_ms: 20, to_ms: 20 }])).toEqual([{ from_ms: 1, to_ms: 9 }]);
  });
});

describe("axisRange", () => {
  it("shows a limit near the curve and names one far off in words", () => {
    const range = axisRange(20, 24, [{ value: 26 }, { value: 400 }]);
    expect(range.shown).toEqual([{ value: 26 }]);
    expect(range.beyond).toEqual([{ value: 400 }]);
    expect(range.high).toBeGreaterThan(26);
    expect(range.high).toBeLessThan(40);
  });

  it("shows one far off too where it is asked to", () => {
    const range = axisRange(20, 24, [{ value: 26 }, { value: 400 }], true);
    expect([range.shown.length, range.beyond.length]).toEqual([2, 0]);
    expect(range.high).toBeGreaterThan(400);
  });

  it("gives a flat line air and keeps zero for a quantity that is never negative", () => {
    const flat = axisRange(5, 5, []);
    expect(flat.low).toBeLessThan(5);
    expect(flat.high).toBeGreaterThan(5);
    expect(axisRange(0, 3, []).low).toBe(0);
  });

  it("has a range without any data", () => {
    expect(axisRange(null, null, []).high).toBeGreaterThan(axisRange(null, null, []).low);
  });
});

describe("stateRange", () => {
  it("counts in whole states", () => {
    expect(ticks(stateRange(0, 1, []))).toEqual([0, 1]);
    expect(ticks(stateRange(null, null, []))).toEqual([0, 1]);
    expect(ticks(stateRange(0, 3, []))).toEqual([0, 1, 2, 3]);
  });
});

describe("ticks", () => {
  it("are round and span the axis", () => {
    expect(ticks(axisRange(0, 3, []))).toEqual([0, 1, 2, 3, 4]);
    expect(ticks(axisRange(0.031, 0.098, []))).toEqual([0.02, 0.04, 0.06, 0.08, 0.1, 0.12]);
    expect(ticks(axisRange(-5, 5, []))).toEqual([-10, -5, 0, 5, 10]);
  });

  it("hold every value and limit that is drawn", () => {
    for (const [low, high] of [[0.3, 0.7], [181_850, 182_344], [-0.001, 0.002], [7, 7]] as const) {
      const range = axisRange(low, high, [{ value: high + (high - low) / 2 }]);
      expect(range.low).toBeLessThanOrEqual(low);
      expect(range.high).toBeGreaterThanOrEqual(high);
      const lines = ticks(range);
      expect(lines.at(-1)).toBe(range.high);
      expect(lines.length).toBeLessThanOrEqual(8);
    }
  });
});

describe("a young history", () => {
  const young = { ...columns([[80, 5], [90, 6]], [[0, 80], [85, 88]]), from_ms: 0, to_ms: 100 * STEP };

  it("is seen from its first record on, with its later gaps", () => {
    expect(recordsBegin(young, 100 * STEP)).toBe(80 * STEP);
    const seen = fromRecords(young, 80 * STEP, 100 * STEP);
    expect(seen.from_ms).toBeLessThan(80 * STEP);
    expect(seen.from_ms).toBeGreaterThan(75 * STEP);
    expect(seen.gaps.at(-1)).toEqual({ from_ms: 85 * STEP, to_ms: 88 * STEP });
  });

  it("is left alone when its records fill most of the span, or when there are none", () => {
    expect(recordsBegin({ ...columns([[10, 5]]), from_ms: 0, to_ms: 100 * STEP }, 100 * STEP)).toBeNull();
    expect(recordsBegin({ ...columns([]), from_ms: 0, to_ms: 100 * STEP }, 100 * STEP)).toBeNull();
  });

  it("shows two minutes at least", () => {
    const seen = fromRecords({ ...young, start_ms: [99.9 * STEP] }, 99.9 * STEP, 100 * STEP);
    expect(seen.to_ms - seen.from_ms).toBe(120_000);
  });
});

describe("limits to draw", () => {
  const level = { zh: "液位", en: "Level" };
  const alone = { rule_id: "overload", only_with: [] };
  const dryRun = { rule_id: "dry-run", only_with: [level] };

  it("leave out what is wrong only together with something else", () => {
    expect(limitsToDraw([alone, dryRun])).toEqual([alone]);
  });

  it("hold it on the evidence of its own alarm", () => {
    expect(limitsToDraw([alone, dryRun], "dry-run")).toEqual([alone, dryRun]);
    expect(limitsToDraw([alone, dryRun], "overload")).toEqual([alone]);
  });
});

describe("labels of limits", () => {
  const axis = { low: 0, high: 10, step: 2 };

  it("stay inside the chart", () => {
    expect(labelPlaces([{ value: 9.9, kind: "high" }], axis)[0]?.above).toBe(false);
    expect(labelPlaces([{ value: 0.2, kind: "low" }], axis)[0]?.above).toBe(true);
    expect(labelPlaces([{ value: 5, kind: "high" }], axis)[0]).toEqual({ above: true, atStart: true });
  });

  it("do not cover each other", () => {
    const places = labelPlaces([{ value: 0.5, kind: "low" }, { value: 0.6, kind: "high" }], axis);
    expect(places.map((place) => place.atStart)).toEqual([true, false]);
  });

  it("are left out where both ends are taken: a rule with levels may have three lines close together", () => {
    const places = labelPlaces([0.5, 0.6, 0.7, 5].map((value) => ({ value, kind: "low" as const })), axis);
    expect(places.map((place) => place.without ?? false)).toEqual([false, false, true, false]);
    expect(places[3]?.atStart).toBe(true);
  });
});

describe("states", () => {
  it("are raw whole numbers without a unit", () => {
    expect(looksLikeState({ unit: "1", mean: [0, 1, null], step_ms: 0 })).toBe(true);
    expect(looksLikeState({ unit: "1", mean: [0.5], step_ms: 0 })).toBe(false);
    expect(looksLikeState({ unit: "m", mean: [1], step_ms: 0 })).toBe(false);
  });
});
