import { describe, expect, it } from "vitest";
import type { FileRunView } from "@/api/schema";
import { cameOf, lastOf } from "./runs";

const run = (kind: string, file: string, counts: Record<string, number> = {}): FileRunView => ({ kind, time_ms: 1, by: "a", file, rows: 3, counts, unknown: {} });

describe("the files of a partner", () => {
  it("show the last of each kind, however many of the other came since", () => {
    const runs = [run("export", "c"), run("export", "b"), run("import", "a"), run("import", "z")];
    expect(lastOf(runs).map((one) => one.file)).toEqual(["a", "c"]);
    expect(lastOf([run("export", "c")]).map((one) => one.file)).toEqual(["c"]);
    expect(lastOf([])).toEqual([]);
  });

  it("say what became of the rows, the most first", () => {
    expect(cameOf(run("import", "a", { known: 2, ended: 0, linked: 2, filed: 5 }))).toEqual([["filed", 5], ["known", 2], ["linked", 2]]);
  });
});
