import { describe, expect, it } from "vitest";
import { dialled, linkOf } from "./routes";

describe("a revisit", () => {
  it("has its key behind the #", () => {
    const link = new URL(linkOf("https://grid.example", 7, "abc_-123"));
    expect([link.pathname, link.search, link.hash]).toEqual(["/e/revisit/7", "", "#abc_-123"]);
  });

  it("dials digits, and a plus in front alone", () => {
    expect(dialled("138 0000-0001")).toBe("tel:13800000001");
    expect(dialled("+86 (10) 8888+1")).toBe("tel:+861088881");
  });
});
