import { describe, expect, it } from "vitest";
import { inLanguage } from "./historyLines";

describe("a note that says everything twice", () => {
  it("is read in one language", () => {
    const note = "每 12 个月一次，已用 97% / every 12 months; 97 % used, due about 2026/12/01";
    expect(inLanguage(note, "zh")).toBe("每 12 个月一次，已用 97%");
    expect(inLanguage(note, "en")).toBe("every 12 months; 97 % used, due about 2026/12/01");
  });

  it("stays as it is where it says it once", () => {
    expect([inLanguage("once", "zh"), inLanguage("once", "en"), inLanguage("", "en")]).toEqual(["once", "once", ""]);
  });
});
