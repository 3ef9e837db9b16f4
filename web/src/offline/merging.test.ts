import { describe, expect, it } from "vitest";
import type { FieldConflict } from "@/api/schema";
import { after, editOf, folded, groups, placeOf, rebased, recordLane, settledBase, undecided } from "./merging";
import { replaced, step, type OutboxEntry } from "./outbox";

const conflict = (field: string, more: Partial<FieldConflict> = {}): FieldConflict => ({ field, base: "1", mine: "2", theirs: "3", together: [field], by: "li", time_ms: 7, ...more });
const entry = (key: string, fields: Record<string, string>, more: Partial<OutboxEntry> = {}): OutboxEntry => ({
  key, user: "w", lane: recordLane("people", "a:b"), action: "record", path: "", method: "PATCH", body: { base: { a: "1", b: "1" }, fields }, created_ms: 0, attempts: 0, next_try_ms: 0, refused: null, ...more,
});

describe("edits that are merged", () => {
  it("are read from the storage, whatever is wrong with it", () => {
    expect(editOf(null)).toEqual({ base: {}, fields: {} });
    expect(editOf({ base: { a: 1 }, fields: ["x"] })).toEqual({ base: {}, fields: {} });
    expect(editOf({ base: { a: "1" }, fields: { a: "2" } })).toEqual({ base: { a: "1" }, fields: { a: "2" } });
  });
  it("of one thing are one, based on what the first was based on", () => {
    const edits = [entry("x", { a: "2" }), entry("y", { a: "4", b: "2" }, { body: { base: { a: "2", b: "1" }, fields: { a: "4", b: "2" } } })];
    expect(folded(edits.map((one) => editOf(one.body)))).toEqual({ base: { a: "1", b: "1" }, fields: { a: "4", b: "2" } });
    expect(after({ a: "1", b: "1", c: "9" }, edits)).toEqual({ a: "4", b: "2", c: "9" });
  });
  it("show what stands beside what they change, and keep what that was based on", () => {
    expect(rebased({ base: { a: "1", b: "1" }, fields: { a: "2" } }, { a: "5", b: "6" })).toEqual({ base: { a: "1", b: "6" }, fields: { a: "2" } });
    expect(rebased({ base: {}, fields: { a: "2" } }, { a: "5" }).base).toEqual({ a: "" });
  });
});

describe("conflicts", () => {
  const together = ["latitude", "longitude"];
  it("of one decision are chosen about together", () => {
    expect(groups([conflict("latitude", { together }), conflict("built"), conflict("longitude", { together })]).map((one) => one.map(({ field }) => field))).toEqual([["latitude", "longitude"], ["built"]]);
  });
  it("are asked about until somebody has chosen", () => {
    const both = [conflict("a"), conflict("b", { base: "7" })];
    expect(undecided(both, { a: "mine" }).map(({ field }) => field)).toEqual(["b"]);
    expect(settledBase({ a: "0", b: "0", c: "0" }, both, { a: "mine" })).toEqual({ a: "3", b: "7", c: "0" });
  });
  it("are kept in the outbox with everything typed, and what was mended takes the place of its lane", () => {
    const refused = step([entry("x", { a: "2" }), entry("y", { b: "2" })], "x", { kind: "refused", reason: "both", conflicts: [conflict("a")] }, 0);
    expect(refused[0]).toMatchObject({ refused: "both", conflicts: [{ field: "a", mine: "2", theirs: "3" }], body: { fields: { a: "2" } } });
    const other = entry("z", { a: "9" }, { lane: "task:1" });
    const strangers = entry("s", { a: "9" }, { user: "v" });
    expect(replaced([...refused, other, strangers], entry("m", { a: "2", b: "2" })).map(({ key }) => key)).toEqual(["z", "s", "m"]);
  });
});

it("a lane says where its work is seen", () => {
  expect(placeOf("task:7")).toEqual({ what: "task", path: "/tasks/7", name: "" });
  expect(placeOf("handling:7").path).toBe("/tasks/7");
  expect(placeOf(recordLane("amenities", "aa:nursery"))).toEqual({ what: "record", path: "/registry/amenities/aa%3Anursery", name: "aa:nursery" });
});
