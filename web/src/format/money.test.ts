import { describe, expect, it } from "vitest";
import { fenOf, yuan } from "./money";

describe("money", () => {
  it("reads yuan exactly, to the fen", () => {
    expect(fenOf("45.50")).toBe(4550);
    expect(fenOf("0.07")).toBe(7);
    expect(fenOf("1.1")).toBe(110);
    expect(fenOf(" ￥1,234.56 ")).toBe(123_456);
    expect(fenOf("")).toBe(0);
  });
  it("refuses what is no amount", () => {
    for (const text of ["-1", "1.234", "x", "1e3", "12345678901", "."]) expect(fenOf(text)).toBeNull();
  });
  it("writes yuan", () => {
    expect(yuan(123_456, "en")).toBe("¥1,234.56");
    expect(yuan(0, "zh")).toBe("¥0.00");
  });
});
