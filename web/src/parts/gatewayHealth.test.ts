import { describe, expect, it } from "vitest";
import en from "@/i18n/en/gateways";
import { healthLines, healthValue, type HealthLine } from "./gatewayHealth";

const WORDS = { yes: "yes", no: "no" };
const said = (line: HealthLine): string | null => healthValue(line, "en", WORDS);
const named = (metric: string, value: number): HealthLine => healthLines({ [metric]: value })[0] as HealthLine;

describe("what a gateway says of itself", () => {
  it("puts buses first, then what is known in its order, then the rest by name", () => {
    const lines = healthLines({ "zz": 1, "Health/Polls failed": 3, "aa": 2, "Health/Clock steps": 0, "Health/Bus rs485-1 connected": 1 });
    expect(lines.map((one) => one.metric)).toEqual(["Health/Bus rs485-1 connected", "Health/Clock steps", "Health/Polls failed", "aa", "zz"]);
  });

  it("names the bus, also one with spaces", () => {
    expect(named("Health/Bus left used % used %", 12.5)).toMatchObject({ key: "busUsed", bus: "left used %", kind: "percent" });
  });

  it("writes each value in its unit, and leaves a moment to the caller", () => {
    expect(said(named("Health/Disk used %", 81.26))).toBe("81.3\u00a0%");
    expect(said(named("Health/Spool bytes", 2048))).toBe("2.0 KiB");
    expect(said(named("Health/Spool oldest s", 3_661))).toBe("1 h 1 min");
    expect(said(named("Health/Clock doubtful", 1))).toBe("yes");
    expect(said(named("Health/Bus a connected", 0))).toBe("no");
    expect(said(named("Health/Spool oldest ms", 0))).toBe("–");
    expect(said(named("Health/Spool oldest ms", 5))).toBeNull();
    expect(said(named("other", 1.5))).toBe("1.5");
  });

  it("has a word for every metric it knows", () => {
    const lines = healthLines({ "Health/Bus b used %": 1, "Health/Bus b connected": 1, "Health/Bus b units silent": 1, "Health/Clock doubtful": 0, "Health/Slots missed": 2 });
    for (const { key } of lines) expect(en.gateways.metric).toHaveProperty(key);
  });
});
