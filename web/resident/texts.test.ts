import { describe, expect, it } from "vitest";
import { TEXTS, fill, waitWords } from "./texts";

const blanks = (text: string): readonly string[] => (text.match(/\{\w+\}/g) ?? []).toSorted();

describe("what residents read", () => {
  it("is there in both languages, with the same blanks", () => {
    for (const [key, { zh, en }] of Object.entries(TEXTS)) {
      expect(zh.trim() && en.trim(), key).not.toBe("");
      expect(blanks(zh), key).toEqual(blanks(en));
      if (key !== "other") expect(en, key).not.toMatch(/[\u4e00-\u9fff]/);
    }
  });

  it("fills blanks and leaves what it does not know", () => {
    expect(fill("{n} of {all}", { n: 1 })).toBe("1 of {all}");
  });

  it("says how long to wait, never too short", () => {
    expect(waitWords(9.2, "zh")).toBe("10 秒");
    expect(waitWords(300, "en")).toBe("5 min");
    expect(waitWords(301, "zh")).toBe("6 分钟");
    expect(waitWords(0, "en")).toBe("1 s");
  });
});
