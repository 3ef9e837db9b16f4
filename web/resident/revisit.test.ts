import { describe, expect, it } from "vitest";
import { lacking } from "./revisit";

describe("an answer to whether it is solved", () => {
  it("needs both choices, the first one first; words are left to whoever answers", () => {
    expect(lacking({ solved: null, score: 0, comment: "" })).toBe("chooseSolved");
    expect(lacking({ solved: null, score: 4, comment: "x" })).toBe("chooseSolved");
    expect(lacking({ solved: false, score: 0, comment: "x" })).toBe("chooseScore");
    expect(lacking({ solved: false, score: 1, comment: "" })).toBeNull();
  });
});
