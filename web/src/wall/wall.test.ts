import { describe, expect, it } from "vitest";
import { projection, ring, type Corner } from "./ground";
import { driftAt, LOST_AFTER_MS, OLD_AFTER_MS, pageAt, PAGE_MS, PANEL_MS, panelAt, PANELS, swappedAt, troubleAt } from "./rotation";

describe("what the wall shows", () => {
  it("comes by every panel, and by the alarms every second time while one is critical", () => {
    const calm = [0, 1, 2, 3, 4, 5].map((slot) => panelAt(slot * PANEL_MS, false));
    expect(calm).toEqual([...PANELS, ...PANELS]);
    expect([0, 1, 2, 3, 4, 5, 6, 7].map((slot) => panelAt(slot * PANEL_MS, true))).toEqual(["alarms", "map", "alarms", "changes", "alarms", "map", "alarms", "changes"]);
  });

  it("shows every item of a list within one round", () => {
    const items = Array.from({ length: 14 }, (_, at) => at);
    const seen = [0, 1, 2].flatMap((page) => [...pageAt(items, 6, page * PAGE_MS).items]);
    expect(seen).toEqual(items);
    expect(pageAt(items, 6, 3 * PAGE_MS).page).toBe(1);
    expect(pageAt([], 6, 5)).toEqual({ items: [], page: 1, pages: 1 });
  });

  it("drifts by a small step a minute, never jumps, and visits every place within two days", () => {
    const minutes = 2 * 24 * 60;
    const seen = new Set<string>();
    for (let minute = 0; minute < minutes; minute += 1) {
      const [a, b] = [driftAt(minute * 60_000), driftAt((minute + 1) * 60_000)];
      expect(Math.abs(a.x)).toBeLessThanOrEqual(1);
      expect(Math.abs(a.x - b.x)).toBeLessThan(0.2);
      expect(Math.abs(a.y - b.y)).toBeLessThan(0.2);
      seen.add(`${a.x.toFixed(2)} ${a.y.toFixed(2)}`);
    }
    expect(new Set([...seen].map((place) => place.split(" ")[0])).size).toBe(13);
    expect(new Set([...seen].map((place) => place.split(" ")[1])).size).toBe(13);
    expect(swappedAt(0)).toBe(false);
    expect(swappedAt(3_600_000)).toBe(true);
  });

  it("says loudly what is wrong, the worst first", () => {
    const fine = { lostSinceMs: null, loadedMs: 0, endsMs: null };
    expect(troubleAt(OLD_AFTER_MS - 1, fine)).toBe("");
    expect(troubleAt(OLD_AFTER_MS, fine)).toBe("old");
    expect(troubleAt(LOST_AFTER_MS - 1, { ...fine, lostSinceMs: 0 })).toBe("");
    expect(troubleAt(OLD_AFTER_MS, { ...fine, lostSinceMs: 0 })).toBe("lost");
    expect(troubleAt(0, { ...fine, endsMs: 3_600_000 })).toBe("ending");
  });
});

describe("the ground", () => {
  const square: Corner[] = [[116.3, 39.9], [116.31, 39.9], [116.31, 39.91], [116.3, 39.91]];

  it("fits what it shows into the frame, north up, with true proportions", () => {
    const to = projection(square, 80, 60, 2);
    const places = square.map((corner) => to?.(corner) ?? [0, 0]);
    for (const [x, y] of places) {
      expect(x).toBeGreaterThanOrEqual(2 - 1e-9);
      expect(x).toBeLessThanOrEqual(78 + 1e-9);
      expect(y).toBeGreaterThanOrEqual(2 - 1e-9);
      expect(y).toBeLessThanOrEqual(58 + 1e-9);
    }
    const [southWest, southEast, , northWest] = places;
    expect(northWest?.[1]).toBeLessThan(southWest?.[1] ?? 0);
    const wide = (southEast?.[0] ?? 0) - (southWest?.[0] ?? 0);
    const high = (southWest?.[1] ?? 0) - (northWest?.[1] ?? 0);
    expect(wide / high).toBeCloseTo(Math.cos((39.905 * Math.PI) / 180), 3);
  });

  it("is none without a corner, and one point stands in the middle", () => {
    expect(projection([], 80, 60, 2)).toBeNull();
    expect(projection([[1, 2]], 80, 60, 2)?.([1, 2])).toEqual([40, 30]);
    expect(ring([[1, 2]], () => [1, 2])).toBe("1.00,2.00");
  });
});
