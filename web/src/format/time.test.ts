import { describe, expect, it } from "vitest";
import { DAY_MS, HOUR_MS, clockTime, dayTime, duration, fromLocal, fullTime, relativeTime, shortDate, timeTicks, toLocal, zoneOffsetMs } from "./time";

const NOON_UTC = Date.UTC(2026, 10, 22, 12, 0, 0);

describe("absolute time", () => {
  it("is shown in Shanghai whatever the browser's zone is", () => {
    expect(clockTime(NOON_UTC, "zh")).toBe("20:00");
    expect(clockTime(NOON_UTC, "en", "Asia/Shanghai", true)).toBe("20:00:00");
    expect(fullTime(NOON_UTC)).toBe("2026-11-22 20:00:00 (GMT+8)");
  });

  it("begins the day at 00, never at 24", () => {
    expect(clockTime(Date.UTC(2026, 10, 22, 16, 0, 0), "zh")).toBe("00:00");
  });

  it("names the day when it is another day in the zone, though the same day in UTC", () => {
    const evening = Date.UTC(2026, 10, 22, 15, 59);
    const midnight = Date.UTC(2026, 10, 22, 16, 1);
    expect(dayTime(evening, midnight, "en")).toBe("22 Nov 23:59");
    expect(dayTime(evening, midnight, "zh")).toBe("11月22日 23:59");
    expect(dayTime(midnight, midnight, "en")).toBe("00:01");
  });

  it("writes dates in the reader's language", () => {
    expect(shortDate(NOON_UTC, "zh")).toBe("11月22日");
    expect(shortDate(NOON_UTC, "en")).toBe("22 Nov");
  });
});

describe("ticks of a time axis", () => {
  it("stand on round hours of the zone", () => {
    const ticks = timeTicks(NOON_UTC - DAY_MS, NOON_UTC, 6);
    expect(ticks.map((at) => clockTime(at, "zh"))).toEqual(["20:00", "00:00", "04:00", "08:00", "12:00", "16:00", "20:00"]);
  });

  it("stand on midnights of the zone over a week", () => {
    const ticks = timeTicks(NOON_UTC - 7 * DAY_MS, NOON_UTC, 7);
    expect(new Set(ticks.map((at) => clockTime(at, "zh")))).toEqual(new Set(["00:00"]));
    expect(ticks).toHaveLength(7);
  });

  it("keep to half-hour zones and to any length", () => {
    expect(zoneOffsetMs(NOON_UTC, "Asia/Kolkata")).toBe(5.5 * HOUR_MS);
    expect(timeTicks(NOON_UTC, NOON_UTC + 3 * HOUR_MS, 4, "Asia/Kolkata").map((at) => clockTime(at, "en", "Asia/Kolkata"))).toEqual(["18:00", "19:00", "20:00"]);
    expect(timeTicks(0, 400 * DAY_MS, 6).length).toBeLessThanOrEqual(7);
  });
});

describe("relative time", () => {
  it("rounds towards now", () => {
    expect(relativeTime(NOON_UTC - 119_000, NOON_UTC, "zh")).toBe("1分钟前");
    expect(relativeTime(NOON_UTC + 119 * 60_000, NOON_UTC, "en")).toBe("in 1 hr");
    expect(relativeTime(NOON_UTC - 400, NOON_UTC, "en")).toBe("just now");
    expect(relativeTime(NOON_UTC + 400, NOON_UTC, "zh")).toBe("刚刚");
  });
});

describe("duration", () => {
  it("gives the two largest neighbouring parts", () => {
    expect(duration(7_500_000, "zh")).toBe("2 小时 5 分");
    expect(duration(90_061_000, "en")).toBe("1 d 1 h");
    expect(duration(86_400_000 + 5000, "en")).toBe("1 d");
    expect(duration(0, "en")).toBe("0 s");
    expect(duration(-5, "zh")).toBe("0 秒");
  });
});

describe("a field for date and time", () => {
  it("says the moment by the installation's clock, whatever the browser's is", () => {
    const noon = Date.UTC(2026, 2, 29, 4, 30);
    expect(toLocal(noon, "Asia/Shanghai")).toBe("2026-03-29T12:30");
    expect(fromLocal("2026-03-29T12:30", "Asia/Shanghai")).toBe(noon);
    expect(fromLocal(toLocal(noon, "Europe/Berlin"), "Europe/Berlin")).toBe(noon);
    expect([fromLocal(""), fromLocal("soon")]).toEqual([null, null]);
  });
});
